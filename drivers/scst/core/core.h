/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the core share among themselves. */
#ifndef _SCST_CORE_H
#define _SCST_CORE_H

#include <linux/jump_label.h>
#include <linux/workqueue.h>
#include <scst/scst.h>

/**
 * struct scst_acg_dev - a LUN in an access control group
 * @dev: bus-less device luns/<LUN>
 * @acg: group
 * @unit: logical unit that answers at this LUN
 * @lun: LUN
 * @read_only: write protected for the initiators of this group
 * @max_commands: that each of them may have in flight, 0: any number; under
 *	scst_tgt.mutex
 * @export_id: N of the link exported/exportN in @unit's directory
 * @live: sessions have it; under scst_tgt.mutex
 * @nr_doomed: I_T_L nexuses that were taken from sessions and are not freed yet; those
 *	of the unit before @unit are counted apart
 * @doomed_set: which of @nr_doomed is for those of @unit; under scst_tgt.mutex
 * @unit_entry: in @unit's list while @live, under scst_device.tgt_dev_lock
 * @doomed: in the list of those that are being deleted
 * @past_stats: what nexuses that are gone had counted; under scst_tgt.mutex
 */
struct scst_acg_dev {
	struct device dev;
	struct scst_acg *acg;
	struct scst_device *unit;
	u64 lun;
	bool read_only;
	unsigned int max_commands;
	int export_id;
	bool live;
	atomic_t nr_doomed[2];
	u8 doomed_set;
	struct list_head unit_entry;
	struct list_head doomed;
	u64 past_stats[SCST_STAT_NR];
};

static inline struct scst_acg_dev *to_scst_acg_dev(struct device *dev)
{
	return container_of(dev, struct scst_acg_dev, dev);
}

/**
 * struct scst_lun_map - the LUNs of a session
 * @luns: struct scst_tgt_dev by LUN; changed under scst_tgt.mutex
 * @free_work: frees it, when another one is in its place
 */
struct scst_lun_map {
	struct xarray luns;
	struct rcu_work free_work;
};

/* The LUNs of a session, for who holds scst_tgt.mutex or the RCU read lock */
static inline struct xarray *scst_luns(const struct scst_session *sess)
{
	return &rcu_dereference_check(sess->map,
				      lockdep_is_held(&sess->tgt->mutex))->luns;
}

/**
 * struct scst_transport_id - what an initiator port is known by (SPC-6 7.6.4)
 * @rcu: for kfree_rcu()
 * @hash: scst_transport_id_hash() of @id
 * @len: bytes of @id
 * @id: TransportID
 */
struct scst_transport_id {
	struct rcu_head rcu;
	u32 hash;
	u16 len;
	u8 id[] __counted_by(len);
};

/**
 * enum scst_aca - is an ACA condition in effect for a nexus? (SAM-6 5.9)
 * @SCST_ACA_NONE: no
 * @SCST_ACA_FAULTED: yes; it is the faulted nexus
 * @SCST_ACA_OTHER: yes; its task set is that of the faulted nexus
 */
enum scst_aca {
	SCST_ACA_NONE,
	SCST_ACA_FAULTED,
	SCST_ACA_OTHER,
};

/**
 * struct scst_stats - what an I_T_L nexus has counted on one CPU
 * @counter: by enum scst_stat
 * @nr_counted: see scst_cmd_limit.nr
 */
struct scst_stats {
	u64 counter[SCST_STAT_NR];
	unsigned int nr_counted;
};

/**
 * struct scst_tgt_dev - an I_T_L nexus
 * @sess: I_T nexus
 * @dev: logical unit
 * @acg_dev: the LUN in the group
 * @lun: LUN
 * @ref: held by each of its commands; killed when the LUN goes
 * @drained: @ref reached zero
 * @own_task_set: task set of the nexus when the unit has TST=1
 * @task_set: @own_task_set or the unit's, for commands that come; written
 *	under scst_device.tgt_dev_lock, read in an RCU section
 * @ts_barrier: keeps commands out of @own_task_set, see task_set.c
 * @aca: enum scst_aca; written under scst_device.tgt_dev_lock
 * @aca_cmd: a command with the ACA attribute is there; under the same lock
 * @failed: commands that have failed and wait for @failed_work; under the same lock
 * @failed_work: does what their CHECK CONDITIONs entail
 * @access_state: enum scst_access_state of the target port; written under
 *	scst_device.tgt_dev_lock
 * @reservation: what a reservation keeps it from, see reservation.c; likewise
 * @registrant: index of its registration, or -1; likewise, see reservation.c
 * @preempted: the last PERSISTENT RESERVE OUT took its registration away; likewise
 * @restricted: both of them, for the command path: zero when all is allowed
 * @read_only: the LUN is write protected
 * @moved_stats: what it had counted when it became one of @acg_dev; under
 *	scst_tgt.mutex
 * @leaving: the session is about to lose it; under scst_tgt.mutex
 * @prevents_removal: PREVENT ALLOW MEDIUM REMOVAL; under
 *	scst_device.tgt_dev_lock
 * @ua: bitmap of enum scst_ua; written with atomic operations on bits
 * @medium_events: bitmap of enum scst_medium_event; under
 *	scst_device.tgt_dev_lock
 * @luns_gen: the session's when the initiator was told of it here
 * @stats: counters
 * @limit: of commands; written under scst_tgt.mutex
 * @dev_entry: in the unit's list, under scst_device.tgt_dev_lock
 * @doomed_set: which of scst_acg_dev.nr_doomed counts it
 * @doomed: in the list of those that are being deleted
 * @rcu: for kfree_rcu()
 */
struct scst_tgt_dev {
	struct scst_session *sess;
	struct scst_device *dev;
	struct scst_acg_dev *acg_dev;
	u64 moved_stats[SCST_STAT_NR];
	u64 lun;
	struct percpu_ref ref;
	struct completion drained;
	struct scst_gate own_task_set;
	struct scst_gate *task_set;
	struct scst_gate_entry ts_barrier;
	union {
		struct {
			u8 access_state;
			u8 reservation;
		};
		u16 restricted;
	};
	int registrant;
	bool preempted;
	bool read_only;
	bool leaving;
	bool prevents_removal;
	u8 aca;
	bool aca_cmd;
	struct list_head failed;
	struct work_struct failed_work;
	unsigned long ua;
	unsigned long medium_events;
	int luns_gen;
	struct scst_stats __percpu *stats;
	struct scst_cmd_limit limit;
	struct list_head dev_entry;
	u8 doomed_set;
	struct list_head doomed;
	struct rcu_head rcu;
};

/**
 * struct scst_internal_cmd - a command that the core sends, see internal.c
 * @cmd: command
 * @cdb: its CDB
 * @parent: command that it is for
 * @peer: another nexus that @parent keeps until this has ended, or NULL
 * @holds_peer: a command of @peer executes so long, too
 * @medium_gen: of the unit's medium that it is for
 * @done: called once when it has ended; in any context, must not sleep.  The
 *	memory is the caller's again.
 */
struct scst_internal_cmd {
	struct scst_cmd cmd;
	u8 cdb[16];
	struct scst_cmd *parent;
	const struct scst_tgt_dev *peer;
	bool holds_peer;
	u32 medium_gen;
	void (*done)(struct scst_internal_cmd *ic);
};

static inline struct scst_internal_cmd *to_scst_internal(const struct scst_cmd *c)
{
	return container_of((void *)c, struct scst_internal_cmd, cmd);
}

static inline bool scst_cmd_is_internal(const struct scst_cmd *cmd)
{
	return test_bit(SCST_CMD_INTERNAL, &cmd->flags);
}

/* Was it marked, so that somebody waits for its end?  It may not be aborted for all that. */
static inline bool scst_cmd_is_marked(const struct scst_cmd *cmd)
{
	return test_bit(SCST_CMD_ABORTED, &cmd->flags);
}

extern struct workqueue_struct *scst_wq;	/* gates: commands go on */
extern struct workqueue_struct *scst_alua_wq;
extern struct workqueue_struct *scst_copy_wq;	/* copy operations */
extern struct workqueue_struct *scst_pr_wq;	/* PERSISTENT RESERVE OUT */
extern struct workqueue_struct *scst_tmf_wq;	/* task management */
extern struct workqueue_struct *scst_aca_wq;	/* CHECK CONDITIONs */
extern struct workqueue_struct *scst_task_set_wq;	/* changes of TST */
extern struct device *scst_root;
extern struct device *scst_devices_dir;
extern struct device *scst_targets_dir;

/* main.c */
void scst_object_get(void);
void scst_object_put(void);

/* container.c */
struct device *scst_create_dir(struct device *parent, const char *name,
			       const struct attribute_group **groups,
			       void *drvdata);
void scst_remove_dir(struct device *dir);
__printf(2, 3)
void scst_dir_err(struct device *dir, const char *fmt, ...);

/* names.c */
const char *scst_name_fault(const char *name);
int scst_check_name(const char *owner, const char *file, const char *name);
int scst_add_name(struct scst_name *n, struct device *dev);
int scst_add_alias(struct scst_name *n, struct device *dev, const char *alias);
void scst_del_name(struct scst_name *n);
struct scst_device *scst_find_dev(const char *name);
struct scst_device *scst_find_passthrough(const char *name);
struct scst_tgt *scst_find_tgt(const char *name);

/* device.c */
extern const struct device_type scst_device_type;
int scst_dev_bus_register(void);
void scst_dev_bus_unregister(void);
const struct bus_type *scst_dev_bus(void);
int scst_add_device(struct scst_device *dev);
int scst_del_device(struct scst_device *dev);
void scst_device_pin(struct scst_device *dev);
void scst_device_unpin(struct scst_device *dev);

/*
 * Is it mapped, or are nexuses of a former LUN left?  If not it stays so for who holds
 * scst_device.mutex.
 */
static inline bool scst_device_is_pinned(const struct scst_device *dev)
{
	/* Pairs with scst_device_unpin() */
	return atomic_read_acquire(&dev->nr_pins);
}

int scst_attach_device(struct scst_device *dev);

/* passthrough.c */
int scst_claim_passthrough(struct scst_dev_type *type, const char *name);
int scst_unclaim_passthrough(struct scst_device *dev,
			     const struct scst_dev_type *type);

/* export.c */
int scst_device_get_export(struct scst_device *dev, struct scst_tgt *tgt);
void scst_device_put_export(struct scst_device *dev, int id);

/* handler.c */
void scst_type_remember(struct scst_device *dev);
void scst_type_forget(struct scst_device *dev);

/* params.c */
char *scst_split_name(const char *buf, char **name, char **params);
ssize_t scst_emit_names(char *buf, const char *const *names);

/* target.c */
extern const struct device_type scst_tgt_device_type;
int scst_port_bus_register(void);
void scst_port_bus_unregister(void);
const struct bus_type *scst_port_bus(void);
void scst_tgt_event(struct scst_tgt *tgt, const char *event,
		    const struct scst_session *sess);
void scst_tgt_event_env(struct scst_tgt *tgt, char *envp[]);

/* template.c */
void scst_tgtt_remember(struct scst_tgt *tgt);
void scst_tgtt_forget(struct scst_tgt *tgt);

/* session.c */
extern const struct device_type scst_session_device_type;
struct scst_session **scst_tgt_get_sessions(struct scst_tgt *tgt,
					    const struct scst_acg *acg,
					    unsigned int *nr);
void scst_put_sessions(struct scst_session **sessions, unsigned int nr);

/* acg.c */
int scst_acg_init(struct scst_acg *acg, struct device *parent);

/*
 * Are its directories there, and are they to stay?  Their files may be found before, and
 * for a while after that.
 */
static inline bool scst_acg_is_live(const struct scst_acg *acg)
{
	lockdep_assert_held(&acg->tgt->mutex);
	return acg == &acg->tgt->default_acg || (acg->live && !acg->dying);
}

void scst_acg_exit(struct scst_acg *acg);
int scst_acg_begin_write(struct scst_tgt *tgt);
void scst_acg_end_write(struct scst_tgt *tgt);
void scst_acg_wait_writers(struct scst_tgt *tgt);
void scst_acg_unmap(struct scst_device *unit);

/* ini_group.c */
struct scst_acg *scst_acg_find(struct scst_tgt *tgt, const char *name);
int scst_ini_groups_init(struct scst_tgt *tgt);
void scst_ini_groups_exit(struct scst_tgt *tgt);
ssize_t scst_addr_method_show(const struct scst_acg *acg, char *buf);
ssize_t scst_addr_method_store(struct scst_acg *acg, struct device *dev,
			       const char *buf, size_t count);

/* suspend.c */
#define SCST_MAX_BLOCKS		1000

extern struct device_attribute scst_device_attr_blocked;
int scst_device_quiesce(struct scst_device *dev);
void scst_device_unblock_all(struct scst_device *dev);

/* alua.c */
int scst_alua_create_dir(void);
void scst_alua_remove_dir(void);
void scst_alua_add_tgt(struct scst_tgt *tgt);
void scst_alua_del_tgt(struct scst_tgt *tgt);
void scst_alua_del_device(struct scst_device *unit);

/* rtpg.c */
scst_sense_t scst_tpg_check(const struct scst_cmd *cmd);
void scst_tpg_join(struct scst_tgt_dev *td);
bool scst_supports_tpgs(const struct scst_device *dev);
scst_sense_t scst_exec_report_tpgs(struct scst_cmd *cmd);

/* stpg.c */
bool scst_supports_set_tpgs(const struct scst_device *dev);
scst_sense_t scst_exec_set_tpgs(struct scst_cmd *cmd);
void scst_stpg_abort(struct scst_cmd *cmd);

/* transport_id.c */
bool scst_transport_id_valid(const u8 *tid, size_t len);
u32 scst_transport_id_hash(const u8 *tid, u16 len);
u16 scst_transport_id_next(const u8 *list, size_t len);
u8 scst_transport_id_protocol(const u8 *tid);
bool scst_transport_id_is_device(const u8 *tid);
bool scst_transport_id_of_device(const u8 *tid, const u8 *device);
int scst_session_init_transport_id(struct scst_session *sess);

/* reservation.c */
scst_sense_t scst_reservation_check(const struct scst_cmd *cmd);
void scst_reservation_nexus_changed(struct scst_tgt_dev *td);
void scst_reservation_port_changed(struct scst_device *dev);
bool scst_reserve_held(struct scst_device *dev);
scst_sense_t scst_exec_reserve(struct scst_cmd *cmd);
scst_sense_t scst_exec_release(struct scst_cmd *cmd);
enum scst_reserve_rule scst_release_rule(const struct scst_cmd *cmd);
bool scst_reservation_update(struct scst_tgt_dev *td);
void scst_reservation_leave(struct scst_tgt_dev *td);
void scst_reservation_nexus_lost(struct scst_tgt_dev *td);
void scst_reservation_reset(struct scst_device *dev);

/* pr_in.c, pr_out.c, pr_sysfs.c */
extern const struct attribute_group scst_reservation_group;
scst_sense_t scst_exec_pr_read_keys(struct scst_cmd *cmd);
scst_sense_t scst_exec_pr_read_reservation(struct scst_cmd *cmd);
scst_sense_t scst_exec_pr_report_capabilities(struct scst_cmd *cmd);
scst_sense_t scst_exec_pr_read_full_status(struct scst_cmd *cmd);
scst_sense_t scst_exec_pr_out(struct scst_cmd *cmd);
void scst_pr_abort(struct scst_cmd *cmd);
int scst_pr_alloc(struct scst_device *dev);
void scst_pr_free(struct scst_device *dev);
int scst_pr_start(struct scst_device *dev);
void scst_pr_stop(struct scst_device *dev);
void scst_pr_flush(struct scst_device *dev);

/* move.c */
struct scst_lun_map *scst_lun_map_alloc(void);
void scst_lun_map_free(struct scst_lun_map *map);
int scst_tgt_move_sessions(struct scst_tgt *tgt);

/* tgt_dev.c */
int scst_tgt_dev_add_link(struct scst_tgt_dev *td);
void scst_tgt_dev_del_link(struct scst_tgt_dev *td);
struct scst_tgt_dev *scst_tgt_dev_alloc(struct scst_session *sess,
					struct scst_acg_dev *acg_dev,
					struct scst_device *dev,
					bool read_only);
int scst_tgt_dev_add(struct scst_session *sess, struct scst_acg_dev *acg_dev);
struct scst_tgt_dev *scst_tgt_dev_get(struct scst_session *sess, u64 lun);
struct scst_tgt_dev *scst_tgt_dev_next(struct scst_session *sess,
				       unsigned long *lun);
void scst_tgt_dev_link(struct scst_tgt_dev *td);
struct scst_tgt_dev *
scst_device_visit_nexus(struct scst_device *dev, struct scst_tgt_dev *prev,
			void (*visit)(struct scst_tgt_dev *td, void *arg),
			void *arg);
struct scst_tgt_dev *scst_device_next_nexus(struct scst_device *dev,
					    struct scst_tgt_dev *prev);
void scst_tgt_dev_kill(struct scst_tgt_dev *td, struct list_head *doomed);
void scst_tgt_devs_free(struct list_head *doomed);
void scst_tgt_dev_free(struct scst_tgt_dev *td);
void scst_tgt_dev_allow_removal(struct scst_tgt_dev *td);
void scst_device_allow_removal(struct scst_device *dev);

/* gate.c */
int scst_gate_init(struct scst_gate *gate);
void scst_gate_exit(struct scst_gate *gate);
bool scst_gate_enter(struct scst_gate *gate, struct scst_gate_entry *entry,
		     enum scst_gate_mode mode,
		     void (*resume)(struct scst_gate_entry *entry));
bool scst_gate_is_open(struct scst_gate *gate);
void scst_gate_leave(struct scst_gate *gate, struct scst_gate_entry *entry);
void scst_gate_downgrade(struct scst_gate *gate, struct scst_gate_entry *entry);
bool scst_gate_cancel(struct scst_gate *gate, struct scst_gate_entry *entry);
void scst_gate_close(struct scst_gate *gate, struct scst_gate_entry *entry);

static inline void scst_gate_entry_init(struct scst_gate_entry *entry)
{
	entry->state = 0;
	entry->cancelled = false;
}

/* range.c */
void scst_ranges_init(struct scst_ranges *ranges);
void scst_ranges_exit(struct scst_ranges *ranges);
bool scst_ranges_get(struct scst_cmd *cmd);
void scst_ranges_start(struct scst_device *dev);
bool scst_range_enter(struct scst_cmd *cmd,
		      void (*resume)(struct scst_cmd *cmd));
bool scst_range_cancel(struct scst_cmd *cmd);
void scst_range_leave(struct scst_cmd *cmd);

/* inflight.c */
int scst_inflight_init(struct scst_session *sess);
void scst_inflight_exit(struct scst_session *sess);
void scst_inflight_add(struct scst_cmd *cmd);
bool scst_inflight_admit(struct scst_cmd *cmd);
bool scst_inflight_del(struct scst_cmd *cmd);
bool scst_inflight_unpin(struct scst_cmd *cmd);
struct scst_cmd *scst_inflight_next(struct scst_session *sess,
				    struct scst_cmd *prev,
				    bool (*match)(const struct scst_cmd *cmd,
						  const void *arg),
				    const void *arg);
unsigned int scst_inflight_for_each(struct scst_session *sess,
				    bool (*fn)(struct scst_cmd *cmd,
					       const void *arg),
				    const void *arg);
bool scst_inflight_any(struct scst_session *sess,
		       bool (*match)(const struct scst_cmd *cmd,
				     const void *arg),
		       const void *arg);
void scst_inflight_mark(struct scst_tgt_dev *td, unsigned int flag, bool set,
			const struct scst_cmd *except);
unsigned int scst_inflight_count(struct scst_session *sess);
void scst_limit_set(struct scst_session *sess, struct scst_cmd_limit *limit,
		    unsigned int max);
int scst_limit_parse(struct device *dev, const struct device_attribute *attr,
		     const char *buf, unsigned int *max);

/* cmd.c */
void scst_cmd_exec(struct scst_cmd *cmd);
void scst_cmd_finish(struct scst_cmd *cmd);
void scst_cmd_respond(struct scst_cmd *cmd);
void scst_cmd_abort(struct scst_cmd *cmd);
void scst_cmd_unpin(struct scst_cmd *cmd);
void scst_cmd_exec_internal(struct scst_cmd *cmd);
void scst_cmd_set_detached(struct scst_cmd *cmd);
void scst_cmd_detach(struct scst_cmd *cmd);

/* internal.c */
void scst_internal_init(struct scst_internal_cmd *ic, struct scst_cmd *parent,
			struct scst_tgt_dev *td, u32 medium_gen,
			void (*done)(struct scst_internal_cmd *ic));
void scst_internal_set_rw(struct scst_internal_cmd *ic, bool write, u64 lba,
			  u32 nblocks);
bool scst_internal_failed(const struct scst_internal_cmd *ic);

/* xcopy.c, copy.c, copy_results.c */
scst_sense_t scst_exec_extended_copy(struct scst_cmd *cmd);
scst_sense_t scst_exec_copy_operation_abort(struct scst_cmd *cmd);
scst_sense_t scst_exec_receive_copy_status(struct scst_cmd *cmd);
scst_sense_t scst_exec_receive_copy_parameters(struct scst_cmd *cmd);
scst_sense_t scst_exec_receive_copy_failure(struct scst_cmd *cmd);
unsigned int scst_copy_add_sense(struct scst_cmd *cmd, bool desc);
void scst_copy_abort(const struct scst_cmd *cmd);
void scst_copy_session_exit(struct scst_session *sess);

/* task_set.c */
void scst_task_set_join(struct scst_tgt_dev *td);
void scst_task_set_leave(struct scst_tgt_dev *td);
void scst_task_set_work(struct work_struct *work);

/* aca.c */

/*
 * Is a command blocked by an ACA condition, rather than part of it?  What the core
 * sends for a command goes on, as what a handler does for one.  Nor does one wait that
 * was executed and whose LUN goes: the nexus, which waits for it, may be what the
 * condition ends with.
 */
static inline bool scst_aca_blocked(const struct scst_cmd *cmd)
{
	return test_bit(SCST_CMD_ACA_BLOCKED, &cmd->flags) &&
	       !test_bit(SCST_CMD_ACA_ADMITTED, &cmd->flags) &&
	       !test_bit(SCST_CMD_ACA_REFUSED, &cmd->flags) &&
	       !(cmd->executed && test_bit(SCST_CMD_ABORTED_LUN, &cmd->flags)) &&
	       !scst_cmd_is_internal(cmd);
}

scst_sense_t scst_aca_admit(struct scst_cmd *cmd);
bool scst_aca_park(struct scst_cmd *cmd, void (*resume)(struct scst_cmd *cmd));
bool scst_aca_unpark(struct scst_cmd *cmd);
void scst_aca_init(struct scst_tgt_dev *td);
void scst_aca_exit(struct scst_tgt_dev *td);
bool scst_aca_fault(struct scst_cmd *cmd);
void scst_aca_cmd_ended(struct scst_cmd *cmd);
void scst_aca_clear(struct scst_tgt_dev *td);
void scst_aca_clear_unit(struct scst_device *dev);
void scst_aca_end_all(struct scst_device *dev, struct list_head *ready);
void scst_aca_resume(struct list_head *ready);

/* inject.c */
#ifdef CONFIG_SCST_FAULT_INJECTION
DECLARE_STATIC_KEY_FALSE(scst_inject_key);
bool scst_inject_cmd(struct scst_cmd *cmd);
bool scst_inject_abort(struct scst_cmd *cmd);
void scst_inject_add_device(struct scst_device *dev);
void scst_inject_del_device(struct scst_device *dev);
void scst_inject_init(void);
void scst_inject_exit(void);

/* May a fault be injected anywhere? */
static inline bool scst_inject_active(void)
{
	return static_branch_unlikely(&scst_inject_key);
}
#else
static inline bool scst_inject_active(void)
{
	return false;
}

static inline bool scst_inject_cmd(struct scst_cmd *cmd)
{
	return false;
}

static inline bool scst_inject_abort(struct scst_cmd *cmd)
{
	return false;
}

static inline void scst_inject_add_device(struct scst_device *dev)
{
}

static inline void scst_inject_del_device(struct scst_device *dev)
{
}

static inline void scst_inject_init(void)
{
}

static inline void scst_inject_exit(void)
{
}
#endif

/* tmf.c */
void scst_abort_nexuses(struct scst_cmd *cmd,
			bool (*match)(const struct scst_tgt_dev *td,
				      const void *arg),
			const void *arg);
void scst_abort_others(struct scst_cmd *cmd);
void scst_session_abort_all(struct scst_session *sess);
void scst_tgt_dev_abort_all(struct scst_tgt_dev *td);

/* opcode.c */
int scst_opcode_index_init(struct scst_dev_type *type);
void scst_opcode_index_exit(struct scst_dev_type *type);
const struct scst_opcode *scst_opcode_find(const struct scst_opcode **index,
					   const u8 *cdb, unsigned int len);
const struct scst_opcode *scst_opcode_lookup(const struct scst_opcode **index,
					     u8 opcode, u16 sa);
const struct scst_opcode *scst_opcode_first(const struct scst_opcode **index,
					    u8 opcode);
const struct scst_opcode *scst_opcode_next(const struct scst_opcode **index,
					   const struct scst_opcode *op);
const struct scst_opcode **scst_core_opcodes(void);
bool scst_opcode_supported(const struct scst_opcode *op,
			   const struct scst_device *dev);
int scst_opcode_init(void);
void scst_opcode_exit(void);
u16 scst_cdb_service_action(const u8 *cdb, unsigned int len);
bool scst_cdb_naca(const u8 *cdb, unsigned int len);
scst_sense_t scst_cmd_parse(struct scst_cmd *cmd);

/* opcode_spc.c: rows every logical unit has */
extern const struct scst_opcode scst_spc_opcodes[];
extern const unsigned int scst_nr_spc_opcodes;

/* spc.c, rsoc.c */
scst_sense_t scst_exec_inquiry_no_lun(struct scst_cmd *cmd);
scst_sense_t scst_exec_report_luns(struct scst_cmd *cmd);
scst_sense_t scst_exec_request_sense(struct scst_cmd *cmd);
scst_sense_t scst_exec_test_unit_ready(struct scst_cmd *cmd);
scst_sense_t scst_exec_report_supported_opcodes(struct scst_cmd *cmd);
scst_sense_t scst_exec_report_supported_tmfs(struct scst_cmd *cmd);
void scst_lun_format(struct scsi_lun *lun, u64 n, enum scst_addr_method method);
u64 scst_lun_parse(const struct scsi_lun *lun);
bool scst_lun_is_report_luns(const struct scsi_lun *lun);

#define SCST_LUN_INVALID	(~0ULL)

/* sense.c */
unsigned int scst_add_progress(struct scst_device *dev, u8 *buf,
			       scst_sense_t sense);
unsigned int scst_build_sense(u8 *buf, bool desc, scst_sense_t sense);
void scst_cmd_set_result(struct scst_cmd *cmd, scst_sense_t result);

/* ua.c */
void scst_ua_set(struct scst_tgt_dev *td, enum scst_ua ua);
void scst_ua_inherit(struct scst_tgt_dev *td, const struct scst_tgt_dev *old);
scst_sense_t scst_ua_peek(struct scst_tgt_dev *td, unsigned int *nr);
scst_sense_t scst_ua_pop(struct scst_cmd *cmd);
void scst_ua_of_status(struct scst_cmd *cmd);
void scst_ua_unpop(struct scst_cmd *cmd);
void scst_ua_luns_changed(struct scst_session *sess, u64 except_lun);
void scst_ua_luns_reported(struct scst_session *sess);

/* May there be a unit attention condition? */
static inline bool scst_ua_pending(const struct scst_tgt_dev *td)
{
	return READ_ONCE(td->ua) ||
	       READ_ONCE(td->luns_gen) != atomic_read(&td->sess->luns_gen);
}

/* sgv.c */

/**
 * struct scst_sgv_limits - of data buffers, in pages
 * @all: in use
 * @per_initiator: in use, of one owner
 * @cache: kept for the next
 */
struct scst_sgv_limits {
	unsigned long all;
	unsigned long per_initiator;
	unsigned long cache;
};

#if IS_ENABLED(CONFIG_KUNIT)
extern struct scst_sgv_limits scst_sgv_limits;
s64 scst_sgv_pages_in_use(void);
#endif
int scst_sgv_init(void);
void scst_sgv_exit(void);
int scst_sgv_create_dir(void);
void scst_sgv_remove_dir(void);
int scst_sgv_owner_init(struct scst_sgv_owner *owner);
void scst_sgv_owner_exit(struct scst_sgv_owner *owner);

/* stats.c */
extern const struct attribute_group scst_session_stats_group;
extern const struct attribute_group scst_lun_stats_group;
void scst_stats_fold(struct scst_tgt_dev *td);
void scst_stats_move(struct scst_tgt_dev *td);
void scst_stats_cmd(struct scst_cmd *cmd);
u64 scst_session_commands(struct scst_session *sess);
void scst_stats_fold_unit(struct scst_tgt_dev *td);

#endif /* _SCST_CORE_H */
