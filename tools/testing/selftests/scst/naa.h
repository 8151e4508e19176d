/* SPDX-License-Identifier: GPL-2.0-only */
/* The NAA designator of a logical unit in VPD page 83h (SPC-6) */
#ifndef SCST_SELFTESTS_NAA_H
#define SCST_SELFTESTS_NAA_H

#include <linux/types.h>
#include <stddef.h>

#define MAX_DESIGNATOR	20
#define ID_PAGE_LEN	252	/* as much of the page as is looked at */

static const __u8 inquiry_id_page[16] = { 0x12, 1, 0x83, 0, ID_PAGE_LEN };

/* Returns the designation descriptor, its length in byte 3; NULL if there is none. */
static inline const __u8 *find_naa(const __u8 *page)
{
	const __u8 *d, *end = page + 4 + page[3];

	for (d = page + 4; d + 4 < end && d + 4 + MAX_DESIGNATOR < page + ID_PAGE_LEN;
	     d += 4 + d[3])
		if ((d[1] & 0x3f) == 3 && d[3] <= MAX_DESIGNATOR)
			return d;
	return NULL;
}

#endif
