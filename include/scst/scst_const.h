/* SPDX-License-Identifier: GPL-2.0 */
/* SCSI and subsystem constants that scsi_proto.h and its neighbours lack. */
#ifndef _SCST_SCST_CONST_H
#define _SCST_SCST_CONST_H

/* Longest object name accepted, without the final NUL */
#define SCST_MAX_NAME			128
/* Longest initiator name: an iSCSI name with ISID (RFC 7143 4.2.7.1) */
#define SCST_MAX_INITIATOR_NAME		255
/* Longest TransportID: iSCSI, a name with ISID (SPC-6 7.6.4.6), with some room */
#define SCST_MAX_TRANSPORT_ID		256
/* Of the SCSI name string of a target port: a designator has up to 255 bytes */
#define SCST_MAX_PORT_NAME		251
/* Highest LUN of the flat space addressing method (SAM-6 4.7.7.3) */
#define SCST_MAX_LUN			0x3fff
/* Room for sense data; SPC-6 4.4 limits it to 252 bytes */
#define SCST_SENSE_BUFFERSIZE		96
/* Fixed format sense data without vendor specific bytes (SPC-6 4.4.3) */
#define SCST_SENSE_FIXED_LEN		18
/* Longest CDB whose usage map an opcode table holds */
#define SCST_MAX_USAGE_LEN		32
/* Shortest variable length CDB: header and service action (SPC-6 4.2.3) */
#define SCST_MIN_VARLEN_CDB		10

/* Designation descriptors (SPC-6 7.7.6): byte 0, the code set */
#define SCST_DESIG_BINARY		0x01
#define SCST_DESIG_ASCII		0x02
#define SCST_DESIG_UTF8			0x03
/* Byte 1: association and designator type */
#define SCST_DESIG_ASSOCIATION		0x30
#define SCST_DESIG_OF_UNIT		0x00
#define SCST_DESIG_OF_PORT		0x10
#define SCST_DESIG_OF_DEVICE		0x20
#define SCST_DESIG_VENDOR		0x00
#define SCST_DESIG_T10			0x01
#define SCST_DESIG_EUI64		0x02
#define SCST_DESIG_NAA			0x03
#define SCST_DESIG_REL_PORT		0x04
#define SCST_DESIG_PORT_GROUP		0x05
#define SCST_DESIG_LU_GROUP		0x06
#define SCST_DESIG_NAME			0x08
#define SCST_DESIG_HEADER_LEN		4

/* Room for VPD page 8Fh without its header (SPC-6 table on the page) */
#define SCST_VPD_8F_MAX_LEN		160

/* Counters of an I_T_L nexus, see stats.c */
enum scst_stat {
	SCST_STAT_READ_CMDS,
	SCST_STAT_WRITE_CMDS,
	SCST_STAT_OTHER_CMDS,
	SCST_STAT_READ_BYTES,
	SCST_STAT_WRITE_BYTES,
	SCST_STAT_ERRORS,
	SCST_STAT_ABORTED,
	SCST_STAT_REFUSED,
	SCST_STAT_NR
};

/* Control byte of a CDB (SAM-6 5.2) */
#define SCST_CDB_CONTROL_NACA		0x04
#define SCST_CDB_CONTROL_LINK		0x01	/* obsolete */

/* Operation codes that scsi_proto.h lacks (SBC-5) */
#define ORWRITE_16			0x8b
#define PRE_FETCH_16			0x90

/* READ(10) and its family: byte 1 (SBC-5 5.11) */
#define SCST_CDB_FUA			0x08
#define SCST_CDB_DPO			0x10
#define SCST_CDB_RDPROTECT		0xe0

/* VERIFY: byte 1 */
#define SCST_CDB_BYTCHK			0x06

/* Operation codes that scsi_proto.h lacks */
#define SCST_SANITIZE			0x48
#define SCST_READ_DEFECT_DATA_12	0xb7

/* Service actions of SANITIZE */
#define SCST_SANITIZE_OVERWRITE		0x01
#define SCST_SANITIZE_BLOCK_ERASE	0x02
#define SCST_SANITIZE_EXIT_FAILURE_MODE	0x1f

/* Service action of 7Fh: GET LBA STATUS(32) */
#define SCST_GET_LBA_STATUS_32		0x0012

/* WRITE SAME(16): byte 1 */
#define SCST_CDB_NDOB			0x01

/* Bits and values of CDBs of SPC-6 */
#define SCST_INQUIRY_EVPD		0x01
#define SCST_REQUEST_SENSE_DESC		0x01
#define SCST_SELECT_REPORT_LUNS		0x00
#define SCST_SELECT_REPORT_WLUNS	0x01
#define SCST_SELECT_REPORT_ALL		0x02
#define SCST_SELECT_REPORT_ADMIN	0x10
#define SCST_SELECT_REPORT_ADMIN_AND_LUNS 0x11
#define SCST_SELECT_REPORT_SUBSIDIARY	0x12
#define SCST_RTPG_FORMAT		0xe0
#define SCST_RSOC_RCTD			0x80
#define SCST_RSOC_OPTIONS		0x07
#define SCST_RSTMF_REPD			0x80

#endif /* _SCST_SCST_CONST_H */
