// SPDX-License-Identifier: GPL-2.0
/* dev_disk and dev_disk_perf: direct access devices (SBC-5). */

#include "pass.h"

/* As sd */
#define DISK_TIMEOUT	30	/* seconds */
#define DISK_RETRIES	5

static struct pass_handler disk_handlers[] = {
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

module_driver(disk_handlers, pass_register, pass_unregister);

MODULE_DESCRIPTION("Disks of this host, for the SCSI target subsystem");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(SCST_PASS);
