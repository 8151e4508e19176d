// SPDX-License-Identifier: GPL-2.0
/* dev_processor: processor devices (SPC-2). */

#include <kunit/visibility.h>
#include "pass.h"

#define PROCESSOR_TIMEOUT	60	/* seconds */

VISIBLE_IF_KUNIT struct pass_handler pass_processor_handlers[] = {
	{
		.type = {
			.driver.name	= "dev_processor",
			.type		= TYPE_PROCESSOR,
		},
		.timeout	= PROCESSOR_TIMEOUT,
	},
	{}
};
EXPORT_SYMBOL_IF_KUNIT(pass_processor_handlers);

module_driver(pass_processor_handlers, pass_register, pass_unregister);

MODULE_DESCRIPTION("Processor devices of this host, for the SCSI target subsystem");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(SCST_PASS);
