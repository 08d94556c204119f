/* SPDX-License-Identifier: GPL-2.0 */
/* Entry of the walker: a stack, a lowcore with a program-new PSW, then C. */
#include "walker.h"

	.text
	.globl	start
start:
	sam64
	larl	%r1,pgm_new_psw
	mvc	0x1d0(16,%r0),0(%r1)
	larl	%r15,stack_end
	aghi	%r15,-160
	brasl	%r14,walk
	j	stopped

program:
	stmg	%r0,%r15,SAVED_REGISTERS(%r0)
	larl	%r15,stack_end
	aghi	%r15,-160
	llgf	%r2,0x8c(%r0)		/* instruction length code, interruption code */
	lg	%r3,0x158(%r0)		/* where */
	brasl	%r14,program_check
	.globl	stopped
stopped:
	larl	%r1,disabled_wait
	lpswe	0(%r1)

	.section .rodata
	.balign	8
pgm_new_psw:
	.quad	0x0000000180000000, program
disabled_wait:
	.quad	0x0002000180000000, 0xdead

	.bss
	.balign	8
	.skip	16384
stack_end:
	.section .note.GNU-stack, "", @progbits
