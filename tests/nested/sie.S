/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SIE, and the program interruptions it ends with when the nested guest's memory is
 * not there.
 */
#define LC_PGM_CODE	0x8e
#define LC_PGM_OLD	0x150
#define LC_R14		0x320	/* behind what start.S uses */
#define LC_OLD_NEW	0x330	/* the program-new PSW of start.S */

	.text
/*
 * unsigned long sie(struct scb *scb, unsigned long gprs[14])
 * Returns 0, or the code of the program interruption. Registers 0 to 13 are the nested
 * guest's when SIE is left, by whatever way.
 */
	.globl	sie
sie:
	stmg	%r6,%r15,48(%r15)
	aghi	%r15,-176
	stg	%r3,160(%r15)
	lgr	%r14,%r2
	lmg	%r0,%r13,0(%r3)
enter:
	.insn	s,0xb2140000,0(%r14)
	lghi	%r14,0
leave:
	stg	%r14,168(%r15)
	lg	%r14,160(%r15)
	stmg	%r0,%r13,0(%r14)
	lg	%r2,168(%r15)
	aghi	%r15,176
	lmg	%r6,%r15,48(%r15)
	br	%r14

/* Nullified, the old PSW is at SIE; suppressed (protection), behind it. */
	.globl	sie_program
sie_program:
	stg	%r14,LC_R14(%r0)
	larl	%r14,enter
	sg	%r14,LC_PGM_OLD+8(%r0)
	jz	0f
	cghi	%r14,-4
	je	0f
	lg	%r14,LC_R14(%r0)
	lpswe	LC_OLD_NEW(%r0)
0:	llgh	%r14,LC_PGM_CODE(%r0)
	j	leave

	.section .note.GNU-stack, "", @progbits
