// SPDX-License-Identifier: GPL-2.0
/* dev_raid: storage array controllers (SCC-2). */

#include "pass.h"

#define RAID_TIMEOUT	60	/* seconds */

static struct pass_handler raid_handlers[] = {
	{
		.type = {
			.driver.name	= "dev_raid",
			.type		= TYPE_RAID,
		},
		.timeout	= RAID_TIMEOUT,
	},
	{}
};

module_driver(raid_handlers, pass_register, pass_unregister);

MODULE_DESCRIPTION("Storage array controllers of this host, for the SCSI target subsystem");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(SCST_PASS);
