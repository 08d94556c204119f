/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of guest address spaces: pgmix:gmap_refuse.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pgmix

#if !defined(_PGMIX_GMAP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _PGMIX_GMAP_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(gmap_refuse,
	TP_PROTO(unsigned long gaddr, unsigned long vmaddr),
	TP_ARGS(gaddr, vmaddr),
	TP_STRUCT__entry(
		__field(unsigned long, gaddr)
		__field(unsigned long, vmaddr)
	),
	TP_fast_assign(
		__entry->gaddr = gaddr;
		__entry->vmaddr = vmaddr;
	),
	TP_printk("gaddr=%#lx vmaddr=%#lx", __entry->gaddr, __entry->vmaddr)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
