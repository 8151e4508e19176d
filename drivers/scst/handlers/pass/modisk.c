// SPDX-License-Identifier: GPL-2.0
/* dev_modisk and dev_modisk_perf: optical memory devices, much like disks. */

#include <kunit/visibility.h>
#include "pass.h"

/* As sd has for them */
#define MODISK_TIMEOUT	75	/* seconds */
#define MODISK_RETRIES	5

VISIBLE_IF_KUNIT struct pass_handler pass_modisk_handlers[] = {
	{
		.type = {
			.driver.name	= "dev_modisk",
			.type		= TYPE_MOD,
			.device_id	= pass_disk_id,
		},
		.table		= &pass_sbc_table,
		.timeout	= MODISK_TIMEOUT,
		.retries	= MODISK_RETRIES,
		.attach		= pass_attach_disk,
	}, {
		.type = {
			.driver.name	= "dev_modisk_perf",
			.type		= TYPE_MOD,
			.device_id	= pass_disk_id,
		},
		.table		= &pass_sbc_table,
		.no_data	= true,
		.timeout	= MODISK_TIMEOUT,
		.retries	= MODISK_RETRIES,
		.attach		= pass_attach_disk,
	},
	{}
};
EXPORT_SYMBOL_IF_KUNIT(pass_modisk_handlers);

module_driver(pass_modisk_handlers, pass_register, pass_unregister);

MODULE_DESCRIPTION("Optical memory devices of this host, for the SCSI target subsystem");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(SCST_PASS);
