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
 * scst_device_medium_event - tell all initiators that something happened
 * @dev: logical unit
 * @event: what; a removal makes up for a new medium nobody was told of
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
		if (event == SCST_MEDIUM_REMOVED)
			__clear_bit(SCST_MEDIUM_NEW, &td->medium_events);
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
