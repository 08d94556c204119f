/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lowcore and entry of the small guest: the start PSW at 0, the external- and program-new
 * PSWs, what these interruptions do, and the DIAG 0x501 every job ends with.
 */
#include "guest.h"

#define PSW_64BIT	0x0000000180000000	/* DAT and all interruptions off */

#define LC_ILC		0x8d
#define LC_PGM_CODE	0x8e
#define LC_EXT_OLD	0x130
#define LC_PGM_OLD	0x150
#define LC_EXT_NEW	0x1b0
#define LC_PGM_NEW	0x1d0
#define LC_SAVE		0x280	/* registers of the interrupted job */
#define LC_RETURN	0x300	/* PSW to go back with */
#define LC_CTL		0x310	/* VMM: address of this CPU's control block */

#define CTL_PATIENT	8
#define CTL_RETRIES	24
#define CTL_PGM		56
#define CTL_PSW_ADDR	64
#define CTL_EXTERNAL	72

#define END_PGM		4	/* GUEST_PGM */

	.section .lowcore, "ax"
	.quad	PSW_64BIT, start
	.org	LC_EXT_NEW
	.quad	PSW_64BIT, external
	.org	LC_PGM_NEW
	.quad	PSW_64BIT, program
	.org	LC_CTL
	.quad	GUEST_CTL
	.org	GUEST_CTL
	.skip	GUEST_CPUS * 128

	.text
	.globl	start
start:
	lg	%r6,LC_CTL(%r0)		/* fifth argument */
	brasl	%r14,guest_main
end:
	diag	%r2,%r0,0x501
	j	end

/*
 * A patient job has the interruption's bit set in its control block: go back and
 * execute the same instruction again, until the host has mended what was missing.
 */
program:
	stmg	%r0,%r15,LC_SAVE(%r0)
	lg	%r1,LC_CTL(%r0)
	llgh	%r2,LC_PGM_CODE(%r0)
	lg	%r3,CTL_PATIENT(%r1)
	srlg	%r3,%r3,0(%r2)
	tmll	%r3,1
	jz	0f

	lg	%r4,CTL_RETRIES(%r1)
	aghi	%r4,1
	stg	%r4,CTL_RETRIES(%r1)
	mvc	LC_RETURN(16,%r0),LC_PGM_OLD(%r0)
	llgc	%r2,LC_ILC(%r0)
	lg	%r3,LC_RETURN+8(%r0)
	sgr	%r3,%r2
	stg	%r3,LC_RETURN+8(%r0)
	lmg	%r0,%r15,LC_SAVE(%r0)
	lpswe	LC_RETURN(%r0)

0:	stg	%r2,CTL_PGM(%r1)
	mvc	CTL_PSW_ADDR(8,%r1),LC_PGM_OLD+8(%r0)
	lghi	%r2,END_PGM
	j	end

/* Counted, no more. */
external:
	stg	%r1,LC_SAVE(%r0)
	lg	%r1,LC_CTL(%r0)
	agsi	CTL_EXTERNAL(%r1),1
	lg	%r1,LC_SAVE(%r0)
	lpswe	LC_EXT_OLD(%r0)

	.section .note.GNU-stack, "", @progbits
