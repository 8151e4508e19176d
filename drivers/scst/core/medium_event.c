// SPDX-License-Identifier: GPL-2.0
/*
 * What happened to a removable medium, for those handlers whose initiators poll
 * for it (MMC-6, GET EVENT STATUS NOTIFICATION).
 *
 * As with unit attention conditions each I_T_L nexus has a bitmap, so that an
 * event cannot be lost for want of memory, and each initiator hears of it.
 */

#include <kunit/visibility.h>
#include <linux/bitops.h>
#include "core.h"

/**
 * scst_medium_event_code - what GET EVENT STATUS NOTIFICATION has for an event
 * @event: event
 *
 * Context: any.
 * Return: event code of the media class (MMC-6).
 */
u8 scst_medium_event_code(enum scst_medium_event event)
{
	static const u8 codes[] = {
		[SCST_MEDIUM_EJECT_REQUEST]	= 1,
		[SCST_MEDIUM_REMOVED]		= 3,
		[SCST_MEDIUM_NEW]		= 2,
		[SCST_MEDIUM_DATA_LOST]		= 0,
		[SCST_MEDIUM_NO_EVENT]		= 0,
	};

	return codes[event];
}
EXPORT_SYMBOL_GPL(scst_medium_event_code);

/**
 * scst_device_medium_event - tell all initiators that something happened
 * @dev: logical unit
 * @event: what; a removal makes up for a new medium nobody was told of, and for the
 *	wish to have the old one removed
 *
 * Context: any.
 * Return: false if there is nobody to tell.
 */
bool scst_device_medium_event(struct scst_device *dev,
			      enum scst_medium_event event)
{
	struct scst_tgt_dev *td;

	guard(spinlock_irqsave)(&dev->tgt_dev_lock);
	list_for_each_entry(td, &dev->tgt_devs, dev_entry) {
		if (event == SCST_MEDIUM_REMOVED) {
			__clear_bit(SCST_MEDIUM_EJECT_REQUEST, &td->medium_events);
			__clear_bit(SCST_MEDIUM_NEW, &td->medium_events);
		}
		__set_bit(event, &td->medium_events);
	}
	return !list_empty(&dev->tgt_devs);
}
EXPORT_SYMBOL_GPL(scst_device_medium_event);

/**
 * scst_cmd_take_medium_event - the next event that an initiator has to be told
 * @cmd: command that tells it
 *
 * Context: any.
 * Return: the event, which is not pending any more, or %SCST_MEDIUM_NO_EVENT.
 */
enum scst_medium_event scst_cmd_take_medium_event(struct scst_cmd *cmd)
{
	struct scst_tgt_dev *td = cmd->tgt_dev;
	enum scst_medium_event event;

	guard(spinlock_irqsave)(&cmd->dev->tgt_dev_lock);
	if (!td->medium_events)
		return SCST_MEDIUM_NO_EVENT;
	event = __ffs(td->medium_events);
	__clear_bit(event, &td->medium_events);
	return event;
}
EXPORT_SYMBOL_GPL(scst_cmd_take_medium_event);
