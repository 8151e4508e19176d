/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Persistent reservations (SPC-6 5.14).
 *
 * What a logical unit has of them is a struct scst_pr_state, which is never
 * changed: a PERSISTENT RESERVE OUT makes another one (pr.c), which takes the
 * place of the former when it has been saved (pr_out.c).
 */
#ifndef _SCST_PR_H
#define _SCST_PR_H

#include <linux/bits.h>
#include <linux/string.h>
#include "core.h"

/* Registrations of a logical unit: what initiators can make it allocate */
#define SCST_PR_MAX_REGISTRANTS		1024

/* What persists is saved as this kind of thing, see persist.c. */
#define SCST_PR_KIND			"pr"

/* Service actions of PERSISTENT RESERVE IN */
#define PRIN_READ_KEYS			0x00
#define PRIN_READ_RESERVATION		0x01
#define PRIN_REPORT_CAPABILITIES	0x02
#define PRIN_READ_FULL_STATUS		0x03

/* Service actions of PERSISTENT RESERVE OUT */
#define PROUT_REGISTER			0x00
#define PROUT_RESERVE			0x01
#define PROUT_RELEASE			0x02
#define PROUT_CLEAR			0x03
#define PROUT_PREEMPT			0x04
#define PROUT_PREEMPT_AND_ABORT		0x05
#define PROUT_REGISTER_AND_IGNORE	0x06
#define PROUT_REGISTER_AND_MOVE		0x07
#define PROUT_REPLACE_LOST		0x08

#define SCST_SENSE_RESERVATION_LOST	SCST_SENSE(HARDWARE_ERROR, 0x44, 0x01)
#define SCST_SENSE_INVALID_RELEASE	SCST_SENSE(ILLEGAL_REQUEST, 0x26, 0x04)
#define SCST_SENSE_NO_REGISTRATION_RESOURCES \
	SCST_SENSE(ILLEGAL_REQUEST, 0x55, 0x04)

/**
 * enum scst_pr_type - types of persistent reservations, as in CDBs (SPC-6)
 * @SCST_PR_NONE: no reservation
 * @SCST_PR_WRITE_EXCLUSIVE: others may read
 * @SCST_PR_EXCLUSIVE_ACCESS: others may not
 * @SCST_PR_WRITE_EXCLUSIVE_RO: as the first, registered ones may write
 * @SCST_PR_EXCLUSIVE_ACCESS_RO: as the second, registered ones may do all
 * @SCST_PR_WRITE_EXCLUSIVE_AR: and all of them hold it
 * @SCST_PR_EXCLUSIVE_ACCESS_AR: likewise
 */
enum scst_pr_type {
	SCST_PR_NONE			= 0,
	SCST_PR_WRITE_EXCLUSIVE		= 1,
	SCST_PR_EXCLUSIVE_ACCESS	= 3,
	SCST_PR_WRITE_EXCLUSIVE_RO	= 5,
	SCST_PR_EXCLUSIVE_ACCESS_RO	= 6,
	SCST_PR_WRITE_EXCLUSIVE_AR	= 7,
	SCST_PR_EXCLUSIVE_ACCESS_AR	= 8,
};

/**
 * struct scst_nexus_id - what an I_T nexus is known by, logged in or not
 * @hash: scst_transport_id_hash() of @tid
 * @rel_tgt_id: relative target port identifier
 * @tid_len: bytes of @tid
 * @tid: TransportID of the initiator port
 */
struct scst_nexus_id {
	u32 hash;
	u16 rel_tgt_id;
	u16 tid_len;
	u8 tid[SCST_MAX_TRANSPORT_ID];
};

/**
 * struct scst_registrant - a registration
 * @key: reservation key
 * @nexus: I_T nexus
 */
struct scst_registrant {
	u64 key;
	struct scst_nexus_id nexus;
};

/**
 * struct scst_pr_state - registrations and reservation of a logical unit
 * @generation: PRgeneration
 * @type: enum scst_pr_type
 * @aptpl: is to persist through power loss
 * @lost: what had persisted could not be read
 * @holder: index of the holder, if @type has a single one
 * @nr: number of registrations
 * @hashes: nexus.hash of each of them, which are all that most look at
 * @regs: registrations
 */
struct scst_pr_state {
	u32 generation;
	u8 type;
	bool aptpl;
	bool lost;
	unsigned int holder;
	unsigned int nr;
	u32 *hashes;
	struct scst_registrant regs[];
};

/**
 * struct scst_pr - reservations of a logical unit
 * @dev: unit
 * @state: what there is; once the unit can be found, only @work writes it, under
 *	scst_device.tgt_dev_lock
 * @retired: the state before, which somebody may still read
 * @retired_gp: RCU grace period after which nobody does
 * @reserved_by: nexus that has sent RESERVE; under the same lock
 * @requests: struct scst_pr_request that wait for @work; under the same lock
 * @work: executes them one after the other
 * @busy: @work executes a PERSISTENT RESERVE OUT, which RESERVE has to wait for; under
 *	the same lock
 * @registrants_dir: the directory registrants/
 * @objects: objects in it; for @work, and for who adds or deletes the unit
 * @object_ids: their numbers
 */
struct scst_pr {
	struct scst_device *dev;
	struct scst_pr_state __rcu *state;
	struct scst_pr_state *retired;
	unsigned long retired_gp;
	struct scst_tgt_dev *reserved_by;
	struct list_head requests;
	struct work_struct work;
	bool busy;
	struct device *registrants_dir;
	struct list_head objects;
	struct ida object_ids;
};

/**
 * struct scst_pr_request - a command that is executed by scst_pr.work
 * @entry: in scst_pr.requests
 * @cmd: command: a PERSISTENT RESERVE OUT, or one that needs nothing below @execute
 * @execute: executes it; returns how it ended
 * @action: service action
 * @scope: SCOPE field
 * @type: TYPE field
 * @key: RESERVATION KEY field
 * @sa_key: SERVICE ACTION RESERVATION KEY field
 * @spec_i_pt: SPEC_I_PT bit
 * @all_tg_pt: ALL_TG_PT bit
 * @aptpl: APTPL bit
 * @unreg: UNREG bit
 * @nr_ports: the first of @nexuses, which are the sender at each port concerned
 * @nr_nexuses: number of @nexuses
 * @nexuses: whom it is about: the sender first, then those to be registered with
 *	it, or the one that the reservation is moved to
 * @list_len: bytes of @list
 * @list: parameter list
 */
struct scst_pr_request {
	struct list_head entry;
	struct scst_cmd *cmd;
	scst_sense_t (*execute)(struct scst_pr *pr,
				struct scst_pr_request *req);
	u8 action;
	u8 scope;
	u8 type;
	u64 key;
	u64 sa_key;
	bool spec_i_pt;
	bool all_tg_pt;
	bool aptpl;
	bool unreg;
	unsigned int nr_ports;
	unsigned int nr_nexuses;
	struct scst_nexus_id *nexuses;
	u32 list_len;
	u8 list[] __counted_by(list_len);
};

/**
 * struct scst_pr_change - what a PERSISTENT RESERVE OUT does
 * @old: what there was
 * @new: what there is to be
 * @removed_ua: enum scst_ua for nexuses whose registrations go, or %SCST_UA_NR
 * @released: registered nexuses hear that the reservation was released
 * @preempted: the user hears of it
 * @abort: commands of nexuses whose registrations go are aborted
 */
struct scst_pr_change {
	struct scst_pr_state *old;
	struct scst_pr_state *new;
	enum scst_ua removed_ua;
	bool released;
	bool preempted;
	bool abort;
};

/* Do all registrants hold a reservation of this type? */
static inline bool scst_pr_all_registrants(u8 type)
{
	return type == SCST_PR_WRITE_EXCLUSIVE_AR ||
	       type == SCST_PR_EXCLUSIVE_ACCESS_AR;
}

/* Is it a type of a reservation? */
static inline bool scst_pr_type_valid(u8 type)
{
	return type <= SCST_PR_EXCLUSIVE_ACCESS_AR &&
	       (BIT(type) & (BIT(SCST_PR_WRITE_EXCLUSIVE) |
			     BIT(SCST_PR_EXCLUSIVE_ACCESS) |
			     BIT(SCST_PR_WRITE_EXCLUSIVE_RO) |
			     BIT(SCST_PR_EXCLUSIVE_ACCESS_RO) |
			     BIT(SCST_PR_WRITE_EXCLUSIVE_AR) |
			     BIT(SCST_PR_EXCLUSIVE_ACCESS_AR)));
}

/* May registered nexuses do what the holder may? */
static inline bool scst_pr_registrants_only(u8 type)
{
	return type >= SCST_PR_WRITE_EXCLUSIVE_RO;
}

static inline bool scst_nexus_is(const struct scst_nexus_id *n, u16 rel_tgt_id,
				 u32 hash, const u8 *tid, u16 tid_len)
{
	return n->hash == hash && n->rel_tgt_id == rel_tgt_id &&
	       n->tid_len == tid_len && !memcmp(n->tid, tid, tid_len);
}

/* Are these the same I_T nexus? */
static inline bool scst_nexus_equal(const struct scst_nexus_id *a,
				    const struct scst_nexus_id *b)
{
	return scst_nexus_is(a, b->rel_tgt_id, b->hash, b->tid, b->tid_len);
}

static inline void scst_nexus_set(struct scst_nexus_id *n, u16 rel_tgt_id,
				  const u8 *tid, u16 tid_len)
{
	n->hash = scst_transport_id_hash(tid, tid_len);
	n->rel_tgt_id = rel_tgt_id;
	n->tid_len = tid_len;
	memcpy(n->tid, tid, tid_len);
}

/* The registration behind the last one, complete, is another one. */
static inline void scst_pr_added(struct scst_pr_state *state)
{
	state->hashes[state->nr] = state->regs[state->nr].nexus.hash;
	state->nr++;
}

/* pr.c */
struct scst_pr_state *scst_pr_state_alloc(unsigned int max);
void scst_pr_state_free(struct scst_pr_state *state);
int scst_pr_find_port(const struct scst_pr_state *state, u16 rel_tgt_id,
		      u32 hash, const u8 *tid, u16 tid_len);
int scst_pr_find(const struct scst_pr_state *state,
		 const struct scst_nexus_id *nexus);
bool scst_pr_holds(const struct scst_pr_state *state, unsigned int i);
scst_sense_t scst_pr_check_sender(const struct scst_pr_request *req,
				  const struct scst_pr_state *state);
scst_sense_t scst_pr_apply(const struct scst_pr_request *req,
			   struct scst_pr_change *change);

/* pr_out.c */
struct scst_pr_request *scst_pr_request_alloc(struct scst_cmd *cmd, u32 len);
scst_sense_t scst_pr_submit(struct scst_pr_request *req);

/* pr_file.c */
int scst_pr_save(struct scst_pr *pr, const struct scst_pr_state *state);
struct scst_pr_state *scst_pr_load(struct scst_pr *pr);

#if IS_ENABLED(CONFIG_KUNIT)
scst_sense_t scst_pr_parse(struct scst_pr_request *req);
u32 scst_pr_pack(const struct scst_pr_state *state, u8 *buf);
struct scst_pr_state *scst_pr_unpack(const u8 *buf, u32 len);
#endif

/* pr_sysfs.c */
void scst_pr_show(struct scst_pr *pr, const struct scst_pr_state *state);
void scst_pr_hide(struct scst_pr *pr);

/* reservation.c */
struct scst_pr_state *scst_pr_state_of(const struct scst_pr *pr);

#endif /* _SCST_PR_H */
