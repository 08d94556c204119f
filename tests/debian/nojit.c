// SPDX-License-Identifier: GPL-2.0
/*
 * Hercules is a z196. PCRE2's JIT compiler aborts on machines before z13, and GLib has it
 * compile regular expressions of libvirt. To be preloaded there: PCRE2 interprets them.
 */
#define ERROR_JIT_BADOPTION	(-45)	/* pcre2.h; GLib goes on without JIT then */

int pcre2_jit_compile_8(void *code, unsigned int options);

int pcre2_jit_compile_8(void *code, unsigned int options)
{
	(void)code;
	(void)options;
	return ERROR_JIT_BADOPTION;
}
