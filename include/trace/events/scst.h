/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM scst

#if !defined(_TRACE_SCST_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_SCST_H

#include <linux/tracepoint.h>
#include <scst/scst.h>

/*
 * show_opcode_name() and show_statusbyte_name() are those of
 * trace/events/scsi.h, see drivers/scst/core/trace.c.
 */

TRACE_DEFINE_ENUM(SCST_CMD_QUEUE_SIMPLE);
TRACE_DEFINE_ENUM(SCST_CMD_QUEUE_ORDERED);
TRACE_DEFINE_ENUM(SCST_CMD_QUEUE_HEAD_OF_QUEUE);
TRACE_DEFINE_ENUM(SCST_CMD_QUEUE_ACA);

#define show_scst_queue_type(val)				\
	__print_symbolic(val,					\
		{ SCST_CMD_QUEUE_SIMPLE, "simple" },		\
		{ SCST_CMD_QUEUE_ORDERED, "ordered" },		\
		{ SCST_CMD_QUEUE_HEAD_OF_QUEUE, "head" },	\
		{ SCST_CMD_QUEUE_ACA, "aca" })

TRACE_DEFINE_ENUM(SCST_ABORT_TASK);
TRACE_DEFINE_ENUM(SCST_ABORT_TASK_SET);
TRACE_DEFINE_ENUM(SCST_CLEAR_TASK_SET);
TRACE_DEFINE_ENUM(SCST_LUN_RESET);
TRACE_DEFINE_ENUM(SCST_TARGET_RESET);
TRACE_DEFINE_ENUM(SCST_NEXUS_LOSS);
TRACE_DEFINE_ENUM(SCST_CLEAR_ACA);
TRACE_DEFINE_ENUM(SCST_QUERY_TASK);
TRACE_DEFINE_ENUM(SCST_QUERY_TASK_SET);
TRACE_DEFINE_ENUM(SCST_QUERY_ASYNC_EVENT);

#define show_scst_tmf_fn(val)					\
	__print_symbolic(val,					\
		{ SCST_ABORT_TASK, "ABORT TASK" },		\
		{ SCST_ABORT_TASK_SET, "ABORT TASK SET" },	\
		{ SCST_CLEAR_TASK_SET, "CLEAR TASK SET" },	\
		{ SCST_LUN_RESET, "LOGICAL UNIT RESET" },	\
		{ SCST_TARGET_RESET, "TARGET RESET" },		\
		{ SCST_NEXUS_LOSS, "I_T NEXUS LOSS" },		\
		{ SCST_CLEAR_ACA, "CLEAR ACA" },		\
		{ SCST_QUERY_TASK, "QUERY TASK" },		\
		{ SCST_QUERY_TASK_SET, "QUERY TASK SET" },	\
		{ SCST_QUERY_ASYNC_EVENT,			\
		  "QUERY ASYNCHRONOUS EVENT" })

TRACE_DEFINE_ENUM(SCST_TMF_COMPLETE);
TRACE_DEFINE_ENUM(SCST_TMF_NO_TASK);
TRACE_DEFINE_ENUM(SCST_TMF_SUCCEEDED);
TRACE_DEFINE_ENUM(SCST_TMF_NO_LUN);
TRACE_DEFINE_ENUM(SCST_TMF_REJECTED);

#define show_scst_tmf_status(val)				\
	__print_symbolic(val,					\
		{ SCST_TMF_COMPLETE, "complete" },		\
		{ SCST_TMF_NO_TASK, "no such task" },		\
		{ SCST_TMF_SUCCEEDED, "succeeded" },		\
		{ SCST_TMF_NO_LUN, "no such LUN" },		\
		{ SCST_TMF_REJECTED, "rejected" })

TRACE_DEFINE_ENUM(SCST_UA_POWER_ON);
TRACE_DEFINE_ENUM(SCST_UA_RESET);
TRACE_DEFINE_ENUM(SCST_UA_NEXUS_LOSS);
TRACE_DEFINE_ENUM(SCST_UA_MEDIUM_CHANGED);
TRACE_DEFINE_ENUM(SCST_UA_COMMANDS_CLEARED);
TRACE_DEFINE_ENUM(SCST_UA_PREVIOUS_BUSY);
TRACE_DEFINE_ENUM(SCST_UA_PREVIOUS_TASK_SET_FULL);
TRACE_DEFINE_ENUM(SCST_UA_PREVIOUS_CONFLICT);
TRACE_DEFINE_ENUM(SCST_UA_RESERVATIONS_PREEMPTED);
TRACE_DEFINE_ENUM(SCST_UA_RESERVATIONS_RELEASED);
TRACE_DEFINE_ENUM(SCST_UA_REGISTRATIONS_PREEMPTED);
TRACE_DEFINE_ENUM(SCST_UA_ACCESS_STATE_CHANGED);
TRACE_DEFINE_ENUM(SCST_UA_ACCESS_TRANSITION_FAILED);
TRACE_DEFINE_ENUM(SCST_UA_MODE_CHANGED);
TRACE_DEFINE_ENUM(SCST_UA_LOG_CHANGED);
TRACE_DEFINE_ENUM(SCST_UA_CAPACITY_CHANGED);
TRACE_DEFINE_ENUM(SCST_UA_TIMESTAMP_CHANGED);
TRACE_DEFINE_ENUM(SCST_UA_SPACE_THRESHOLD);
TRACE_DEFINE_ENUM(SCST_UA_INQUIRY_CHANGED);
TRACE_DEFINE_ENUM(SCST_UA_IDENTIFIER_CHANGED);
TRACE_DEFINE_ENUM(SCST_UA_LUNS_CHANGED);
TRACE_DEFINE_ENUM(SCST_UA_OTHER);

#define show_scst_ua(val)						\
	__print_symbolic(val,						\
		{ SCST_UA_POWER_ON, "29/00 power on" },			\
		{ SCST_UA_RESET, "29/03 reset" },			\
		{ SCST_UA_NEXUS_LOSS, "29/07 I_T nexus loss" },		\
		{ SCST_UA_MEDIUM_CHANGED, "28/00 medium changed" },	\
		{ SCST_UA_COMMANDS_CLEARED, "2f/00 commands cleared" },	\
		{ SCST_UA_PREVIOUS_BUSY, "2c/07 previous BUSY" },	\
		{ SCST_UA_PREVIOUS_TASK_SET_FULL,			\
		  "2c/08 previous TASK SET FULL" },			\
		{ SCST_UA_PREVIOUS_CONFLICT,				\
		  "2c/09 previous RESERVATION CONFLICT" },		\
		{ SCST_UA_RESERVATIONS_PREEMPTED,			\
		  "2a/03 reservations preempted" },			\
		{ SCST_UA_RESERVATIONS_RELEASED,			\
		  "2a/04 reservations released" },			\
		{ SCST_UA_REGISTRATIONS_PREEMPTED,			\
		  "2a/05 registrations preempted" },			\
		{ SCST_UA_ACCESS_STATE_CHANGED,				\
		  "2a/06 access state changed" },			\
		{ SCST_UA_ACCESS_TRANSITION_FAILED,			\
		  "2a/07 access transition failed" },			\
		{ SCST_UA_MODE_CHANGED, "2a/01 mode changed" },		\
		{ SCST_UA_LOG_CHANGED, "2a/02 log changed" },		\
		{ SCST_UA_CAPACITY_CHANGED, "2a/09 capacity changed" },	\
		{ SCST_UA_TIMESTAMP_CHANGED, "2a/10 timestamp changed" }, \
		{ SCST_UA_SPACE_THRESHOLD, "38/07 space threshold" },	\
		{ SCST_UA_INQUIRY_CHANGED, "3f/03 inquiry changed" },	\
		{ SCST_UA_IDENTIFIER_CHANGED, "3f/05 identifier changed" }, \
		{ SCST_UA_LUNS_CHANGED, "3f/0e LUNs changed" }, \
		{ SCST_UA_OTHER, "other" })

/* A command was decoded.  Its LUN is written as the initiators of Linux do. */
TRACE_EVENT(scst_cmd_init,

	TP_PROTO(struct scst_cmd *cmd),

	TP_ARGS(cmd),

	TP_STRUCT__entry(
		__field(int, session)
		__string(initiator, cmd->sess->initiator_name)
		__field(u64, lun)
		__string(device, cmd->dev ? dev_name(&cmd->dev->dev) : "")
		__field(u64, tag)
		__field(u8, queue_type)
		__field(u8, opcode)
		__field(u64, lba)
		__field(u64, nblocks)
		__field(u64, xfer_len)
		__field(u32, bufflen)
		__dynamic_array(u8, cdb, cmd->cdb_len)
	),

	TP_fast_assign(
		__entry->session	= cmd->sess->id;
		__assign_str(initiator);
		__entry->lun		= scsilun_to_int(&cmd->lun);
		__assign_str(device);
		__entry->tag		= cmd->tag;
		__entry->queue_type	= cmd->queue_type;
		__entry->opcode		= cmd->cdb_len ? cmd->cdb[0] : 0;
		__entry->lba		= cmd->lba;
		__entry->nblocks	= cmd->nblocks;
		__entry->xfer_len	= cmd->xfer_len;
		__entry->bufflen	= cmd->bufflen;
		memcpy(__get_dynamic_array(cdb), cmd->cdb, cmd->cdb_len);
	),

	TP_printk("session%d initiator=%s lun=%llu device=%s tag=%llu %s cmnd=(%s raw=%s) lba=%llu nblocks=%llu xfer_len=%llu bufflen=%u",
		  __entry->session, __get_str(initiator), __entry->lun,
		  __get_str(device), __entry->tag,
		  show_scst_queue_type(__entry->queue_type),
		  show_opcode_name(__entry->opcode),
		  __print_hex(__get_dynamic_array(cdb),
			      __get_dynamic_array_len(cdb)),
		  __entry->lba, __entry->nblocks, __entry->xfer_len,
		  __entry->bufflen)
);

/* A command has its result, which xmit_response() will send. */
TRACE_EVENT(scst_cmd_done,

	TP_PROTO(struct scst_cmd *cmd),

	TP_ARGS(cmd),

	TP_STRUCT__entry(
		__field(int, session)
		__field(u64, lun)
		__string(device, cmd->dev ? dev_name(&cmd->dev->dev) : "")
		__field(u64, tag)
		__field(u8, opcode)
		__field(u8, status)
		__field(u8, sense_key)
		__field(u8, asc)
		__field(u8, ascq)
		__field(bool, aborted)
		__field(bool, resid_overflow)
		__field(u32, resid)
	),

	TP_fast_assign(
		struct scsi_sense_hdr sshdr;

		/* Without sense data all of sshdr is zero. */
		scsi_normalize_sense(cmd->sense, cmd->sense_len, &sshdr);
		__entry->session	= cmd->sess->id;
		__entry->lun		= scsilun_to_int(&cmd->lun);
		__assign_str(device);
		__entry->tag		= cmd->tag;
		__entry->opcode		= cmd->cdb_len ? cmd->cdb[0] : 0;
		__entry->status		= cmd->status;
		__entry->sense_key	= sshdr.sense_key;
		__entry->asc		= sshdr.asc;
		__entry->ascq		= sshdr.ascq;
		__entry->aborted	= scst_cmd_aborted(cmd);
		__entry->resid_overflow	= cmd->resid_overflow;
		__entry->resid		= cmd->resid;
	),

	TP_printk("session%d lun=%llu device=%s tag=%llu cmnd=%s status=%s sense=(key=%#x asc=%#x ascq=%#x) resid=%u%s%s",
		  __entry->session, __entry->lun, __get_str(device),
		  __entry->tag, show_opcode_name(__entry->opcode),
		  show_statusbyte_name(__entry->status),
		  __entry->sense_key, __entry->asc, __entry->ascq,
		  __entry->resid,
		  __entry->resid_overflow ? " overflow" : "",
		  __entry->aborted ? " aborted" : "")
);

DECLARE_EVENT_CLASS(scst_tmf_template,

	TP_PROTO(struct scst_tmf *tmf),

	TP_ARGS(tmf),

	TP_STRUCT__entry(
		__field(int, session)
		__string(initiator, tmf->sess->initiator_name)
		__field(u32, fn)
		__field(u64, lun)
		__field(u64, tag)
		__field(u32, status)
	),

	TP_fast_assign(
		__entry->session	= tmf->sess->id;
		__assign_str(initiator);
		__entry->fn		= tmf->fn;
		__entry->lun		= scsilun_to_int(&tmf->lun);
		__entry->tag		= tmf->tag;
		__entry->status		= tmf->status;
	),

	TP_printk("session%d initiator=%s %s lun=%llu tag=%llu status=%s",
		  __entry->session, __get_str(initiator),
		  show_scst_tmf_fn(__entry->fn), __entry->lun, __entry->tag,
		  show_scst_tmf_status(__entry->status))
);

DEFINE_EVENT_PRINT(scst_tmf_template, scst_tmf_start,

	TP_PROTO(struct scst_tmf *tmf),

	TP_ARGS(tmf),

	TP_printk("session%d initiator=%s %s lun=%llu tag=%llu",
		  __entry->session, __get_str(initiator),
		  show_scst_tmf_fn(__entry->fn), __entry->lun, __entry->tag)
);

DEFINE_EVENT(scst_tmf_template, scst_tmf_done,
	     TP_PROTO(struct scst_tmf *tmf),
	     TP_ARGS(tmf));

DECLARE_EVENT_CLASS(scst_ua_template,

	TP_PROTO(const struct scst_session *sess,
		 const struct scst_device *dev, u64 lun, unsigned int ua,
		 scst_sense_t sense),

	TP_ARGS(sess, dev, lun, ua, sense),

	TP_STRUCT__entry(
		__field(int, session)
		__string(initiator, sess->initiator_name)
		__field(u64, lun)
		__string(device, dev_name(&dev->dev))
		__field(u32, ua)
		__field(u8, asc)
		__field(u8, ascq)
	),

	TP_fast_assign(
		__entry->session	= sess->id;
		__assign_str(initiator);
		__entry->lun		= lun;
		__assign_str(device);
		__entry->ua		= min_t(u32, ua, SCST_UA_OTHER);
		__entry->asc		= (__force u32)sense >> 8;
		__entry->ascq		= (__force u32)sense;
	),

	TP_printk("session%d initiator=%s lun=%llu device=%s %s (%02x/%02x)",
		  __entry->session, __get_str(initiator), __entry->lun,
		  __get_str(device), show_scst_ua(__entry->ua), __entry->asc,
		  __entry->ascq)
);

DEFINE_EVENT(scst_ua_template, scst_ua_set,
	     TP_PROTO(const struct scst_session *sess,
		      const struct scst_device *dev, u64 lun, unsigned int ua,
		      scst_sense_t sense),
	     TP_ARGS(sess, dev, lun, ua, sense));

DEFINE_EVENT(scst_ua_template, scst_ua_reported,
	     TP_PROTO(const struct scst_session *sess,
		      const struct scst_device *dev, u64 lun, unsigned int ua,
		      scst_sense_t sense),
	     TP_ARGS(sess, dev, lun, ua, sense));

DECLARE_EVENT_CLASS(scst_session_template,

	TP_PROTO(const struct scst_session *sess),

	TP_ARGS(sess),

	TP_STRUCT__entry(
		__field(int, session)
		__string(target, dev_name(&sess->tgt->dev))
		__string(initiator, sess->initiator_name)
	),

	TP_fast_assign(
		__entry->session = sess->id;
		__assign_str(target);
		__assign_str(initiator);
	),

	TP_printk("session%d target=%s initiator=%s", __entry->session,
		  __get_str(target), __get_str(initiator))
);

DEFINE_EVENT(scst_session_template, scst_session_register,
	     TP_PROTO(const struct scst_session *sess),
	     TP_ARGS(sess));

DEFINE_EVENT(scst_session_template, scst_session_unregister,
	     TP_PROTO(const struct scst_session *sess),
	     TP_ARGS(sess));

#endif /* _TRACE_SCST_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
