// SPDX-License-Identifier: GPL-2.0
/* Rows that every logical unit has (SPC-6). */

#include <linux/kernel.h>
#include "core.h"

/*
 * INQUIRY, REPORT LUNS and REQUEST SENSE are answered for LUNs that do not
 * exist, and while a unit attention condition is pending (SAM-6 5.14).  What is
 * known without the medium is answered without a handler.
 */
const struct scst_opcode scst_spc_opcodes[] = {
	{
		.name		= "TEST UNIT READY",
		.opcode		= TEST_UNIT_READY,
		.cdb_len	= 6,
		.dir		= SCST_DATA_NONE,
		.usage		= { TEST_UNIT_READY, 0, 0, 0, 0,
				    SCST_CDB_CONTROL_NACA },
		.exec		= scst_exec_test_unit_ready,
	}, {
		.name		= "REQUEST SENSE",
		.opcode		= REQUEST_SENSE,
		.cdb_len	= 6,
		.dir		= SCST_DATA_READ,
		.skip_ua	= true,
		.no_lun		= true,
		.offline	= true,
		.usage		= { REQUEST_SENSE, SCST_REQUEST_SENSE_DESC,
				    0, 0, 0xff, SCST_CDB_CONTROL_NACA },
		.decode		= scst_decode_len_byte4,
		.exec		= scst_exec_request_sense,
	}, {
		/* Handlers have their own for the units they serve. */
		.name		= "INQUIRY",
		.opcode		= INQUIRY,
		.cdb_len	= 6,
		.dir		= SCST_DATA_READ,
		.skip_ua	= true,
		.no_lun		= true,
		.offline	= true,
		.usage		= { INQUIRY, SCST_INQUIRY_EVPD, 0xff, 0xff,
				    0xff, SCST_CDB_CONTROL_NACA },
		.decode		= scst_decode_len_be16_3,
		.exec		= scst_exec_inquiry_no_lun,
	}, {
		.name		= "REPORT LUNS",
		.opcode		= REPORT_LUNS,
		.cdb_len	= 12,
		.dir		= SCST_DATA_READ,
		.skip_ua	= true,
		.no_lun		= true,
		.offline	= true,
		.usage		= { REPORT_LUNS, 0, 0xff, 0, 0, 0, 0xff, 0xff,
				    0xff, 0xff, 0, SCST_CDB_CONTROL_NACA },
		.decode		= scst_decode_len_be32_6,
		.exec		= scst_exec_report_luns,
	}, {
		.name		= "REPORT SUPPORTED OPERATION CODES",
		.opcode		= MAINTENANCE_IN,
		.has_sa		= true,
		.sa		= MI_REPORT_SUPPORTED_OPERATION_CODES,
		.cdb_len	= 12,
		.dir		= SCST_DATA_READ,
		.offline	= true,
		.usage		= { MAINTENANCE_IN,
				    MI_REPORT_SUPPORTED_OPERATION_CODES,
				    SCST_RSOC_RCTD | SCST_RSOC_OPTIONS,
				    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				    0, SCST_CDB_CONTROL_NACA },
		.decode		= scst_decode_len_be32_6,
		.exec		= scst_exec_report_supported_opcodes,
	}, {
		.name		= "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS",
		.opcode		= MAINTENANCE_IN,
		.has_sa		= true,
		.sa = MI_REPORT_SUPPORTED_TASK_MANAGEMENT_FUNCTIONS,
		.cdb_len	= 12,
		.dir		= SCST_DATA_READ,
		.offline	= true,
		.usage		= { MAINTENANCE_IN,
				    MI_REPORT_SUPPORTED_TASK_MANAGEMENT_FUNCTIONS,
				    SCST_RSTMF_REPD, 0, 0, 0,
				    0xff, 0xff, 0xff, 0xff,
				    0, SCST_CDB_CONTROL_NACA },
		.decode		= scst_decode_len_be32_6,
		.exec		= scst_exec_report_supported_tmfs,
	},
};

const unsigned int scst_nr_spc_opcodes = ARRAY_SIZE(scst_spc_opcodes);
