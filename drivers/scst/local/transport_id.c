// SPDX-License-Identifier: GPL-2.0
/* The attribute transport_id of a session: its initiator port (SPC-6 7.6.4). */

#include <linux/string.h>
#include "local.h"

static ssize_t transport_id_read(struct file *file, struct kobject *kobj,
				 struct bin_attribute *attr, char *buf,
				 loff_t off, size_t count)
{
	u8 id[SCST_MAX_TRANSPORT_ID];
	u16 len;

	len = scst_session_transport_id(to_scst_sess(kobj_to_dev(kobj)), id);
	return memory_read_from_buffer(buf, count, &off, id, len);
}

static ssize_t transport_id_write(struct file *file, struct kobject *kobj,
				  struct bin_attribute *attr, char *buf,
				  loff_t off, size_t count)
{
	struct device *dev = kobj_to_dev(kobj);
	int ret = -EINVAL;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!off && count <= SCST_MAX_TRANSPORT_ID)
		ret = scst_session_set_transport_id(to_scst_sess(dev), buf,
						    count);
	if (ret == -EINVAL)
		dev_err(dev,
			"transport_id: %zu bytes at offset %lld are no TransportID (SPC-6 7.6.4)\n",
			count, off);
	return ret ?: count;
}
BIN_ATTR_RW(transport_id, 0);
