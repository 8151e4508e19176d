// SPDX-License-Identifier: GPL-2.0
/* dev_changer: media changers (SMC-3). */

#include <kunit/visibility.h>
#include "pass.h"

/* As ch.  What has been moved is not moved again. */
#define CHANGER_TIMEOUT		300	/* seconds */
#define CHANGER_INIT		3600

#define CHANGER_INIT_RANGE	0x37

static const struct pass_opcode changer_rows[] = {
	{
		.name		= "INITIALIZE ELEMENT STATUS",
		.opcode		= INITIALIZE_ELEMENT_STATUS,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.timeout	= CHANGER_INIT,
	}, {
		.name		= "INITIALIZE ELEMENT STATUS WITH RANGE",
		.opcode		= CHANGER_INIT_RANGE,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.timeout	= CHANGER_INIT,
	}, {
		.name		= "READ ELEMENT STATUS",
		.opcode		= READ_ELEMENT_STATUS,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
	},
};

static const struct pass_table changer_table = {
	.rows	= changer_rows,
	.nr	= ARRAY_SIZE(changer_rows),
};

VISIBLE_IF_KUNIT struct pass_handler pass_changer_handlers[] = {
	{
		.type = {
			.driver.name	= "dev_changer",
			.type		= TYPE_MEDIUM_CHANGER,
		},
		.table		= &changer_table,
		.timeout	= CHANGER_TIMEOUT,
	},
	{}
};
EXPORT_SYMBOL_IF_KUNIT(pass_changer_handlers);

module_driver(pass_changer_handlers, pass_register, pass_unregister);

MODULE_DESCRIPTION("Media changers of this host, for the SCSI target subsystem");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(SCST_PASS);
