/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of scst_local share among themselves. */
#ifndef _SCST_LOCAL_H
#define _SCST_LOCAL_H

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <scsi/scsi_host.h>
#include <scst/scst.h>

/* SAS, no version claimed (SPC-6 table on version descriptors) */
#define LOCAL_SCSI_VERSION	0x0be0
#define LOCAL_PHYS_VERSION	0

/**
 * struct local_tgt - scst_tgt.priv
 * @ref: held by the target while it is registered, and by those who work on it
 * @mutex: held while the target is registered and while its sessions come and
 *	go, for as long as that takes; protects @sessions and @dying
 * @sessions: struct local_sess
 * @dying: the target goes
 * @scsi_version: version descriptor of the SCSI transport
 * @phys_version: version descriptor of the physical transport, or 0
 * @name_lock: protects @port_name; a leaf
 * @port_name: SCSI name string of the port, or empty
 *
 * @mutex is held across device_del() of sessions and may be taken by callbacks
 * of driver and target attributes, but not by those below a session.  A
 * session's file close takes it, without active protection.  It is not held
 * when the target itself is deleted.
 */
struct local_tgt {
	refcount_t ref;
	struct mutex mutex;	/* see above */
	struct list_head sessions;
	bool dying;
	u16 scsi_version;
	u16 phys_version;
	spinlock_t name_lock;	/* see above */
	char port_name[SCST_MAX_PORT_NAME + 1];
};

/**
 * struct local_sess - scst_session.priv, behind the Scsi_Host it is for
 * @shost: initiator side of the I_T nexus
 * @sess: target side; NULL when it has been unregistered
 * @entry: in local_tgt.sessions
 * @scan_mutex: protects @added and @luns; held while @shost is added and scanned
 * @added: @shost was added
 * @dispatch_key: lockdep class of what is held while @shost dispatches
 * @luns: LUNs for which the mid-layer has been given a scsi_device
 */
struct local_sess {
	struct Scsi_Host *shost;
	struct scst_session *sess;
	struct list_head entry;
	struct mutex scan_mutex;	/* see above */
	bool added;
	struct lock_class_key dispatch_key;
	DECLARE_BITMAP(luns, SCST_MAX_LUN + 1);
};

/**
 * struct local_cmd - the driver's part of a scsi_cmnd
 * @sc: the scsi_cmnd
 * @owned: between queuecommand() and on_free_cmd()
 * @aborting: the error handler aborts this very command
 * @cmd: the same command on the target side
 */
struct local_cmd {
	struct scsi_cmnd *sc;
	bool owned;
	bool aborting;
	struct scst_cmd cmd;
};

struct local_stats {
	atomic_t sessions;
	atomic_t aborts;
	atomic_t lun_resets;
	atomic_t target_resets;
};

/* local.c */
extern const struct scsi_host_template local_host_template;
void local_host_init(struct Scsi_Host *shost);
void local_xmit_response(struct scst_cmd *cmd);
void local_on_free_cmd(struct scst_cmd *cmd);

/* eh.c */
enum scsi_timeout_action local_eh_timed_out(struct scsi_cmnd *sc);
int local_eh_abort(struct scsi_cmnd *sc);
int local_eh_device_reset(struct scsi_cmnd *sc);
int local_eh_target_reset(struct scsi_cmnd *sc);

/* manage.c */
int local_session_cmd(const char *buf,
		      int (*fn)(struct scst_tgt *tgt, const char *name));
int local_add_session(struct scst_tgt *tgt, const char *name);
int local_del_session(struct scst_tgt *tgt, const char *name);
struct local_sess *local_sess_get(struct scst_session *sess);
void local_sess_put(struct local_sess *ls);
struct scst_session *local_get_scst_sess(struct Scsi_Host *shost);

/* scan.c */
void local_scan(struct local_sess *ls, struct scst_session *sess);
void local_luns_changed(struct scst_session *sess);

/* attrs.c */
extern struct local_stats local_stats;
extern const struct attribute_group *local_drv_groups[];
extern const struct attribute_group *local_tgt_groups[];
extern const struct attribute_group *local_sess_groups[];
u16 local_scsi_version(struct scst_tgt *tgt);
u16 local_phys_version(struct scst_tgt *tgt);
void local_port_id(const struct scst_tgt *tgt, struct scst_port_id *port);
ssize_t local_key_attributes(struct scst_tgt *tgt, char *buf, int at);

/* transport_id.c */
extern struct bin_attribute bin_attr_transport_id;

#endif /* _SCST_LOCAL_H */
