/* SPDX-License-Identifier: GPL-2.0 */
/* Asymmetric logical unit access: what alua.c, tpg.c, stpg.c and rtpg.c share. */
#ifndef _SCST_ALUA_H
#define _SCST_ALUA_H

#include "core.h"

/*
 * Lists, states and identifiers change under scst_alua_config and scst_alua_lock, so
 * that either of them is enough to read; units of a group under the former alone.
 */
extern struct mutex scst_alua_config;
extern spinlock_t scst_alua_lock;

/**
 * struct scst_alua_object - what the objects below device_groups/ have in common
 * @dev: bus-less device
 * @entry: in the list of those beside it, or of the dead
 * @doomed: in &struct scst_alua_change
 * @dirs: directories in its own
 */
struct scst_alua_object {
	struct device dev;
	struct list_head entry;
	struct list_head doomed;
	struct device *dirs[2];
};

static inline struct scst_alua_object *to_scst_alua_object(struct device *dev)
{
	return container_of(dev, struct scst_alua_object, dev);
}

/**
 * struct scst_dev_group - logical units to which the same ports give access
 * @obj: directory device_groups/<name>
 * @units: struct scst_group_unit
 * @tpgs: struct scst_tpg
 * @group_id: logical unit group identifier (SPC-6 7.7.6)
 * @dying: is being deleted
 * @explicit: initiators may ask for other states
 * @timeout: how long such a request waits for an answer, in seconds
 * @request: the request that waits, or NULL; under scst_alua_lock
 * @last_request: jiffies when one came; under scst_alua_lock
 */
struct scst_dev_group {
	struct scst_alua_object obj;
	struct list_head units;
	struct list_head tpgs;
	u16 group_id;
	bool dying;
	bool explicit;
	u16 timeout;
	struct scst_tpg_request *request;
	unsigned long last_request;
};

/* A logical unit in a group */
struct scst_group_unit {
	struct list_head entry;
	struct scst_device *unit;
};

/**
 * struct scst_tpg - a target port group
 * @obj: directory target_groups/<name>
 * @group: device group
 * @ports: struct scst_tpg_port
 * @nr_ports: entries of @ports
 * @group_id: target port group identifier
 * @dying: is being deleted
 * @state: enum scst_access_state
 * @former: that before @state
 * @wanted: the state that the request asks for, or %SCST_STATE_NONE
 * @status: STATUS CODE of REPORT TARGET PORT GROUPS: how @state came about
 * @preferred: PREF bit
 */
struct scst_tpg {
	struct scst_alua_object obj;
	struct scst_dev_group *group;
	struct list_head ports;
	u8 nr_ports;
	u16 group_id;
	bool dying;
	u8 state;
	u8 former;
	u8 wanted;
	u8 status;
	bool preferred;
};

/**
 * struct scst_tpg_port - a target port in its group
 * @obj: directory targets/<name>
 * @tpg: target port group
 * @tgt: the target of this name, NULL when it is another system's
 * @rel_tgt_id: relative target port identifier when @tgt is NULL, 0: not known
 */
struct scst_tpg_port {
	struct scst_alua_object obj;
	struct scst_tpg *tpg;
	struct scst_tgt *tgt;
	u16 rel_tgt_id;
};

#define SCST_STATE_NONE		0xff

/* STATUS CODE in REPORT TARGET PORT GROUPS */
#define SCST_TPG_BY_EXPLICIT	1
#define SCST_TPG_BY_IMPLICIT	2

/* NUMBER OF TARGET PORTS has a byte. */
#define SCST_TPG_MAX_PORTS	255

/**
 * struct scst_alua_change - what is to be done when scst_alua_config was dropped
 * @nr_units: entries of @units
 * @units: those whose commands are to be waited for, with references
 * @doomed: objects whose directories are to be removed, children first
 *
 * Commands that execute, and writers of files, are waited for without the mutex:
 * others may change what has nothing to do with them.
 */
struct scst_alua_change {
	unsigned int nr_units;
	struct scst_device **units;
	struct list_head doomed;
};

/* alua.c */
ssize_t scst_alua_write_name(struct device *dev, const char *file,
			     const char *buf, size_t count,
			     int (*fn)(void *owner, const char *name,
				       struct scst_alua_change *change));
int scst_alua_parse_nonzero(const char *buf, u16 *value);
bool scst_alua_name_in_use(const struct list_head *list,
			   const struct device *parent, const char *name);
void scst_alua_object_init(struct scst_alua_object *obj,
			   const struct device_type *type,
			   struct device *parent);
int scst_alua_object_add(struct scst_alua_object *obj, const char *name);
void scst_alua_change_init(struct scst_alua_change *change);
int scst_alua_change_unit(struct scst_alua_change *change,
			  struct scst_device *unit);
int scst_alua_change_units(struct scst_alua_change *change,
			   struct scst_dev_group *group);
void scst_alua_doom(struct scst_alua_change *change,
		    struct scst_alua_object *obj);
int scst_alua_change_finish(struct scst_alua_change *change);
void scst_alua_inquiry_changed(const struct scst_dev_group *group);
struct scst_tpg_port *scst_alua_find_port(const struct scst_dev_group *group,
					  const char *name);

/* tpg.c */
extern const struct attribute_group *scst_tpg_dir_groups[];
void scst_tpg_remove(struct scst_tpg *tpg, struct scst_alua_change *change);
void scst_tpg_port_set_tgt(struct scst_tpg_port *port, struct scst_tgt *tgt);
void scst_tpg_grant(struct scst_tpg *tpg, u8 state, struct scst_cmd *except);

/* rtpg.c */
struct scst_tpg *scst_tpg_of(const struct scst_dev_group *group,
			     const struct scst_tgt *tgt);
void scst_tpg_update_unit(struct scst_device *unit);
void scst_tpg_set_state(struct scst_tpg *tpg, u8 state, u8 status);
bool scst_tpg_restricts(u8 state);
int scst_tpg_state_of_code(u8 code);
void scst_tpg_tell(const struct scst_dev_group *group, enum scst_ua ua,
		   struct scst_cmd *except);

/* stpg.c */
extern struct device_attribute scst_alua_attr_explicit;
extern struct device_attribute scst_alua_attr_explicit_timeout;
extern struct device_attribute scst_alua_attr_request;
extern struct device_attribute scst_alua_attr_answer;
ssize_t scst_stpg_key_attributes(const struct scst_dev_group *group, char *buf,
				 ssize_t at);
void scst_stpg_init_group(struct scst_dev_group *group);
void scst_stpg_exit_group(struct scst_dev_group *group);

#endif /* _SCST_ALUA_H */
