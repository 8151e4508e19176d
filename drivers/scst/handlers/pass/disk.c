// SPDX-License-Identifier: GPL-2.0
/* dev_disk and dev_disk_perf: direct access devices (SBC-5). */

#include <kunit/visibility.h>
#include "pass.h"

/* As sd */
#define DISK_TIMEOUT	30	/* seconds */
#define DISK_RETRIES	5

VISIBLE_IF_KUNIT struct pass_handler pass_disk_handlers[] = {
	{
		.type = {
			.driver.name	= "dev_disk",
			.type		= TYPE_DISK,
			.device_id	= pass_disk_id,
		},
		.table		= &pass_sbc_table,
		.timeout	= DISK_TIMEOUT,
		.retries	= DISK_RETRIES,
		.attach		= pass_attach_disk,
	}, {
		.type = {
			.driver.name	= "dev_disk_perf",
			.type		= TYPE_DISK,
			.device_id	= pass_disk_id,
		},
		.table		= &pass_sbc_table,
		.no_data	= true,
		.timeout	= DISK_TIMEOUT,
		.retries	= DISK_RETRIES,
		.attach		= pass_attach_disk,
	},
	{}
};
EXPORT_SYMBOL_IF_KUNIT(pass_disk_handlers);

module_driver(pass_disk_handlers, pass_register, pass_unregister);

MODULE_DESCRIPTION("Disks of this host, for the SCSI target subsystem");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(SCST_PASS);
