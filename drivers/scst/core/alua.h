/* SPDX-License-Identifier: GPL-2.0 */
/* Asymmetric logical unit access: what alua.c and tpg.c share. */
#ifndef _SCST_ALUA_H
#define _SCST_ALUA_H

#include "core.h"

/**
 * struct scst_dev_group - logical units to which the same ports give access
 * @dev: bus-less device device_groups/<name>
 * @entry: in the list of all groups
 * @units: struct scst_group_unit
 * @tpgs: struct scst_tpg
 * @units_dir: the directory devices/
 * @tpgs_dir: the directory target_groups/
 * @group_id: logical unit group identifier (SPC-6 7.7.6)
 * @explicit: initiators may ask for other states
 * @timeout: how long such a request waits for an answer, in seconds
 * @request: the request that waits, or NULL; under scst_alua_lock
 *
 * The lists of this and of struct scst_tpg, and what is told of states and
 * identifiers, change under alua_config and alua_lock, so that either of them is
 * enough to read.
 */
struct scst_dev_group {
	struct device dev;
	struct list_head entry;
	struct list_head units;
	struct list_head tpgs;
	struct device *units_dir;
	struct device *tpgs_dir;
	u16 group_id;
	bool explicit;
	u16 timeout;
	struct scst_tpg_request *request;
};

/* A logical unit in a group */
struct scst_group_unit {
	struct list_head entry;
	struct scst_device *unit;
};

/**
 * struct scst_tpg - a target port group
 * @dev: bus-less device target_groups/<name>
 * @group: device group
 * @entry: in its list
 * @ports: struct scst_tpg_port
 * @ports_dir: the directory targets/
 * @group_id: target port group identifier
 * @state: enum scst_access_state
 * @wanted: the state that the request asks for, or %SCST_STATE_NONE
 * @status: STATUS CODE of REPORT TARGET PORT GROUPS: how @state came about
 * @preferred: PREF bit
 */
struct scst_tpg {
	struct device dev;
	struct scst_dev_group *group;
	struct list_head entry;
	struct list_head ports;
	struct device *ports_dir;
	u16 group_id;
	u8 state;
	u8 wanted;
	u8 status;
	bool preferred;
};

/**
 * struct scst_tpg_port - a target port in its group
 * @dev: bus-less device targets/<name>
 * @tpg: target port group
 * @entry: in its list
 * @tgt: the target of this name, NULL when it is another system's
 * @rel_tgt_id: relative target port identifier when @tgt is NULL, 0: not known
 */
struct scst_tpg_port {
	struct device dev;
	struct scst_tpg *tpg;
	struct list_head entry;
	struct scst_tgt *tgt;
	u16 rel_tgt_id;
};

#define SCST_STATE_NONE		0xff

/* STATUS CODE in REPORT TARGET PORT GROUPS */
#define SCST_TPG_BY_EXPLICIT	1
#define SCST_TPG_BY_IMPLICIT	2

extern spinlock_t scst_alua_lock;

/* tpg.c */
struct scst_tpg *scst_tpg_of(const struct scst_dev_group *group,
			     const struct scst_tgt *tgt);
void scst_tpg_update_unit(struct scst_device *unit);
void scst_tpg_update_group(struct scst_dev_group *group);
void scst_tpg_set_state(struct scst_tpg *tpg, enum scst_access_state state,
			u8 status);
bool scst_tpg_state_restricts(enum scst_access_state state);
int scst_tpg_state_of_code(u8 code);
void scst_tpg_state_changed(struct scst_device *unit, bool drain,
			    struct scst_cmd *except);

/* stpg.c */
struct scst_tpg_request *scst_stpg_take(struct scst_dev_group *group, u32 id,
					u8 *wanted);
struct scst_cmd *scst_stpg_cmd(const struct scst_tpg_request *req);
u32 scst_stpg_id(const struct scst_dev_group *group);
void scst_stpg_end(struct scst_tpg_request *req, scst_sense_t result);
void scst_stpg_fail(struct scst_tpg_request *req);

#endif /* _SCST_ALUA_H */
