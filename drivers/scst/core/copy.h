/* SPDX-License-Identifier: GPL-2.0 */
/* The copy manager: what its files share among themselves. */
#ifndef _SCST_COPY_H
#define _SCST_COPY_H

#include <linux/sizes.h>
#include "core.h"

/* Lengths of the parameter list of EXTENDED COPY(LID1) (SPC-4 6.4.2) */
#define XCOPY_HEADER_LEN	16
#define XCOPY_CSCD_LEN		32
#define XCOPY_SEGMENT_LEN	28	/* block device to block device */
#define XCOPY_ID_MAX_LEN	20	/* designator in a CSCD descriptor */

/* Descriptors that are supported */
#define XCOPY_CSCD_ID		0xe4	/* identification descriptor CSCD */
#define XCOPY_SEGMENT_B2B	0x02	/* block device to block device */
/* CSCD descriptor ID of the logical unit that got the command */
#define XCOPY_OWN_UNIT		0xffff
/* Index of the CSCD that a CSCD descriptor ID of none stands for */
#define XCOPY_NO_CSCD		0xff

/* Limits that the copy manager announces */
#define XCOPY_MAX_CSCDS		16
#define XCOPY_MAX_SEGMENTS	64
#define XCOPY_MAX_LIST		(XCOPY_MAX_CSCDS * XCOPY_CSCD_LEN + \
				 XCOPY_MAX_SEGMENTS * XCOPY_SEGMENT_LEN)
#define XCOPY_MAX_SEGMENT_BYTES	SZ_256M
#define XCOPY_MAX_RUNNING	16
/* And how many of these may be of one I_T nexus */
#define XCOPY_MAX_NEXUS_RUNNING	4

/* All that is held for a list identifier is sense data. */
#define XCOPY_HELD_LIMIT	SCST_SENSE_BUFFERSIZE
#define XCOPY_LOG2_GRANULARITY	9

/* Service actions (SPC-4 tables 31 and 33) */
#define XCOPY_SA_EXTENDED_COPY		0x00
#define XCOPY_SA_COPY_OPERATION_ABORT	0x1c
#define XCOPY_SA_COPY_STATUS		0x00
#define XCOPY_SA_OPERATING_PARAMETERS	0x03
#define XCOPY_SA_FAILED_SEGMENT		0x04

/* LIST ID USAGE */
#define XCOPY_LIST_ID_HOLD	0
#define XCOPY_LIST_ID_DISCARD	2
#define XCOPY_LIST_ID_NONE	3

/* What is wrong with the parameter list */
#define SCST_SENSE_OPERATION_IN_PROGRESS SCST_SENSE(ILLEGAL_REQUEST, 0x00, 0x16)
#define SCST_SENSE_TOO_MANY_CSCDS	SCST_SENSE(ILLEGAL_REQUEST, 0x26, 0x06)
#define SCST_SENSE_CSCD_TYPE		SCST_SENSE(ILLEGAL_REQUEST, 0x26, 0x07)
#define SCST_SENSE_TOO_MANY_SEGMENTS	SCST_SENSE(ILLEGAL_REQUEST, 0x26, 0x08)
#define SCST_SENSE_SEGMENT_TYPE		SCST_SENSE(ILLEGAL_REQUEST, 0x26, 0x09)
#define SCST_SENSE_INLINE_DATA_LENGTH	SCST_SENSE(ILLEGAL_REQUEST, 0x26, 0x0b)

/* What went wrong with a segment */
#define SCST_SENSE_COPY_RANGE		SCST_SENSE(COPY_ABORTED, 0x00, 0x00)
#define SCST_SENSE_COPY_NO_CSCD		SCST_SENSE(COPY_ABORTED, 0x08, 0x04)
#define SCST_SENSE_COPY_CSCD_FAILURE	SCST_SENSE(COPY_ABORTED, 0x0d, 0x01)
#define SCST_SENSE_COPY_UNREACHABLE	SCST_SENSE(COPY_ABORTED, 0x0d, 0x02)
#define SCST_SENSE_COPY_DEVICE_TYPE	SCST_SENSE(COPY_ABORTED, 0x0d, 0x03)
#define SCST_SENSE_COPY_UNDERRUN	SCST_SENSE(COPY_ABORTED, 0x0d, 0x04)
#define SCST_SENSE_COPY_BLOCK_LENGTH	SCST_SENSE(COPY_ABORTED, 0x26, 0x00)
#define SCST_SENSE_COPY_INEXACT		SCST_SENSE(COPY_ABORTED, 0x26, 0x0a)
#define SCST_SENSE_COPY_CANCELLED	SCST_SENSE(COPY_ABORTED, 0x2f, 0x02)
#define SCST_SENSE_COPY_RESOURCES	SCST_SENSE(COPY_ABORTED, 0x55, 0x03)

/**
 * struct scst_copy_cscd - a copy source or destination
 * @offset: of its descriptor in the parameter list
 * @type: peripheral device type that the initiator takes it for
 * @pad: PAD bit
 * @code_set: of the designator, as the other three
 * @id_type: association and designator type, as in VPD page 83h
 * @id_len: bytes in @id
 * @id: designator
 * @block_len: DISK BLOCK LENGTH in bytes, 0: not said
 * @found: a segment has used it
 * @medium_gen: scst_device.medium_gen when the first one did: what is read later is
 *	of the same medium
 * @td: nexus that it was found at, with a reference; NULL unless the segment
 *	that is processed uses it
 */
struct scst_copy_cscd {
	u16 offset;
	u8 type;
	bool pad;
	u8 code_set;
	u8 id_type;
	u8 id_len;
	u8 id[XCOPY_ID_MAX_LEN];
	u32 block_len;
	bool found;
	u32 medium_gen;
	struct scst_tgt_dev *td;
};

/**
 * struct scst_copy_segment - a segment descriptor, block device to block device
 * @src: index of the copy source in scst_copy.cscds, or %XCOPY_NO_CSCD
 * @dst: index of the copy destination
 * @dc: DC bit: @nblocks counts blocks of the destination
 * @cat: CAT bit
 * @nblocks: BLOCK DEVICE NUMBER OF BLOCKS
 * @src_lba: first block to read
 * @dst_lba: first block to write
 */
struct scst_copy_segment {
	u8 src;
	u8 dst;
	bool dc;
	bool cat;
	u16 nblocks;
	u64 src_lba;
	u64 dst_lba;
};

/**
 * struct scst_copy_id - what is known of a list identifier
 * @entry: in scst_session.copy_ids, under scst_session.copy_lock
 * @id: LIST IDENTIFIER
 * @running: the copy operation has not ended; it is not removed then
 * @status: SAM status that the command ended with
 * @segments: SEGMENTS PROCESSED
 * @bytes: written so far
 * @sense_len: bytes of @sense, 0: none, or discarded
 * @sense: sense data that the command ended with
 */
struct scst_copy_id {
	struct list_head entry;
	u8 id;
	bool running;
	u8 status;
	u16 segments;
	u64 bytes;
	u8 sense_len;
	u8 sense[SCST_SENSE_BUFFERSIZE];
};

/* The longest block of a unit: room for residual data */
#define COPY_MAX_BLOCK		SZ_4K

struct copy_chunk;
struct copy_clone;

/* How many chunks of a copy operation are read or written at a time. */
#define COPY_NR_CHUNKS		4

/**
 * struct scst_copy_run - where the processing of a segment is
 * @src: copy source
 * @dst: copy destination
 * @src_lba: next block to read, or the end of those to read if @backward
 * @dst_lba: where it goes
 * @blocks: blocks of the source that were not read yet
 * @more: there is something to begin: blocks, or residual data to write
 * @window: chunks that may be in flight
 * @backward: from the last block to the first: the destination overlaps the
 *	source and is behind it
 * @staged: residual data goes before the first block, or is left behind the
 *	last: chunks follow one another in memory
 * @pad: fill up the last block of the destination with zeros
 * @keep: residual data behind the last block is retained
 * @keep_source: as residual data of the source
 * @bad_source: it is the source that ends too early
 * @rest: bytes of residual data behind the last block
 * @clone_skip: blocks to read before the range that was cloned, if any
 * @clone_blocks: blocks of that range, 0: none
 */
struct scst_copy_run {
	struct scst_copy_cscd *src;
	struct scst_copy_cscd *dst;
	u64 src_lba;
	u64 dst_lba;
	u64 blocks;
	bool more;
	unsigned int window;
	bool backward;
	bool staged;
	bool pad;
	bool keep;
	bool keep_source;
	bool bad_source;
	u32 rest;
	u64 clone_skip;
	u64 clone_blocks;
};

/**
 * struct scst_copy - an EXTENDED COPY command that is processed
 * @cmd: the command
 * @entry: in the list of all of them, oldest first
 * @work: the one context that all but @done and @cancelled belong to
 * @list_id: its list identifier, or NULL
 * @running: it is its turn
 * @in_segment: @run is valid
 * @cancelled: COPY OPERATION ABORT hit it
 * @wrote: something was written
 * @usage: LIST ID USAGE
 * @id: LIST IDENTIFIER
 * @nr_segments: entries of @segments
 * @segment: index of the segment that is processed
 * @cscds: copy sources and destinations; the last is the unit that got @cmd
 * @segments: segments
 * @run: where the processing of @segment is
 * @carry: residual data, or NULL when there was none so far
 * @carry_len: bytes of it
 * @carry_source: it is residual data of the source
 * @carry_id: index of the CSCD that it is of
 * @chunk_size: bytes of a chunk, less when there is no memory for the first one
 * @chunks: memory, allocated as needed
 * @clone: memory, allocated as needed
 * @lock: protects @done; any context
 * @done: chunks whose command has ended
 * @nr_busy: chunks in flight
 * @result: what @cmd is to end with
 */
struct scst_copy {
	struct scst_cmd *cmd;
	struct list_head entry;
	struct work_struct work;
	struct scst_copy_id *list_id;
	bool running;
	bool in_segment;
	bool cancelled;
	bool wrote;
	u8 usage;
	u8 id;
	u16 nr_segments;
	u16 segment;
	struct scst_copy_cscd cscds[XCOPY_MAX_CSCDS + 1];
	struct scst_copy_segment segments[XCOPY_MAX_SEGMENTS];
	struct scst_copy_run run;
	u8 *carry;
	u32 carry_len;
	bool carry_source;
	u8 carry_id;
	u32 chunk_size;
	struct copy_chunk *chunks[COPY_NR_CHUNKS];
	struct copy_clone *clone;
	spinlock_t lock;	/* see above */
	struct list_head done;
	unsigned int nr_busy;
	scst_sense_t result;
};

/**
 * struct scst_copy_failure - scst_cmd.priv of an EXTENDED COPY that failed
 * @segment: index of the segment
 * @source: @status is the copy source's, else it is the destination's
 * @status: SAM status that a command of the copy manager ended with, 0: none
 * @sense_len: bytes in @sense
 * @sense: its sense data
 */
struct scst_copy_failure {
	u16 segment;
	bool source;
	u8 status;
	u8 sense_len;
	u8 sense[SCST_SENSE_BUFFERSIZE / 2];
};

static_assert(sizeof(struct scst_copy_failure) <= SCST_CMD_PRIV_SIZE);

static inline struct scst_copy_failure *xcopy_failure(struct scst_cmd *cmd)
{
	return (struct scst_copy_failure *)cmd->priv;
}

/* xcopy.c */
#if IS_ENABLED(CONFIG_KUNIT)
scst_sense_t scst_xcopy_parse(struct scst_cmd *cmd, const u8 *buf,
			      struct scst_copy *copy);
#endif

/* copy.c */
void scst_copy_start(struct scst_copy *copy);
void scst_copy_cancel(const struct scst_copy_id *list_id);

/* copy_segment.c */
scst_sense_t scst_copy_begin_segment(struct scst_copy *copy);

/* copy_results.c */
scst_sense_t scst_copy_id_start(struct scst_copy *copy);
void scst_copy_id_progress(struct scst_copy *copy, u64 bytes);
void scst_copy_id_end(struct scst_copy *copy);

#endif /* _SCST_COPY_H */
