// SPDX-License-Identifier: GPL-2.0

/*
 * For the names of operation codes and statuses; before CREATE_TRACE_POINTS,
 * since its own events belong to the SCSI mid-layer.
 */
#include <trace/events/scsi.h>

#define CREATE_TRACE_POINTS
#include <trace/events/scst.h>
