// SPDX-License-Identifier: GPL-2.0
/* dev_raid: storage array controllers (SCC-2). */

#include <kunit/visibility.h>
#include "pass.h"

#define RAID_TIMEOUT	60	/* seconds */

VISIBLE_IF_KUNIT struct pass_handler pass_raid_handlers[] = {
	{
		.type = {
			.driver.name	= "dev_raid",
			.type		= TYPE_RAID,
		},
		.timeout	= RAID_TIMEOUT,
	},
	{}
};
EXPORT_SYMBOL_IF_KUNIT(pass_raid_handlers);

module_driver(pass_raid_handlers, pass_register, pass_unregister);

MODULE_DESCRIPTION("Storage array controllers of this host, for the SCSI target subsystem");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(SCST_PASS);
