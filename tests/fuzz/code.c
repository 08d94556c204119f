// SPDX-License-Identifier: GPL-2.0
/* Random guest instructions: storage, keys, DAT, control, SIGP, I/O. */
#include <string.h>

#include "fuzz.h"

enum format { E, RR, RRE, S, SI, RS, RX, RXY, SS, SSE };

static const struct insn {
	uint16_t op;		/* of one byte: in the upper half; RXY: first and last byte */
	uint8_t format;
	uint8_t weight;
	uint8_t repeatable;
} insns[] = {
	/* keys */
	{ 0xb22b, RRE, 8, 1 },	/* SSKE */
	{ 0xb229, RRE, 8, 1 },	/* ISKE */
	{ 0xb22a, RRE, 6, 1 },	/* RRBE */
	{ 0xb9af, RRE, 6, 1 },	/* PFMF */
	{ 0xb22c, RRE, 3, 1 },	/* TB */
	{ 0xe501, SSE, 4, 0 },	/* TPROT */
	{ 0xb9ab, RRE, 4, 0 },	/* ESSA */
	{ 0xb20a, S, 3, 1 },	/* SPKA */
	{ 0xb20b, S, 1, 1 },	/* IPK */
	{ 0xb223, RRE, 1, 1 },	/* IVSK */
	/* storage */
	{ 0xe324, RXY, 12, 1 },	/* STG */
	{ 0xe304, RXY, 8, 1 },	/* LG */
	{ 0x5000, RX, 4, 1 },	/* ST */
	{ 0xd200, SS, 8, 1 },	/* MVC */
	{ 0xd700, SS, 4, 1 },	/* XC */
	{ 0xba00, RS, 3, 1 },	/* CS */
	{ 0xeb30, RXY, 3, 1 },	/* CSG */
	{ 0x9300, S, 2, 1 },	/* TS */
	{ 0x9600, SI, 2, 1 },	/* OI */
	{ 0x9000, RS, 2, 1 },	/* STM */
	{ 0x9800, RS, 1, 1 },	/* LM */
	{ 0x0e00, RR, 2, 0 },	/* MVCL */
	{ 0xb254, RRE, 4, 1 },	/* MVPG */
	{ 0xb24b, RRE, 2, 1 },	/* LURA */
	{ 0xb246, RRE, 3, 1 },	/* STURA */
	{ 0xb925, RRE, 3, 1 },	/* STURG */
	{ 0xda00, SS, 1, 1 },	/* MVCP */
	{ 0xdb00, SS, 1, 1 },	/* MVCS */
	{ 0xe50e, SSE, 1, 1 },	/* MVCSK */
	{ 0xe50f, SSE, 1, 1 },	/* MVCDK */
	{ 0x4400, RX, 1, 1 },	/* EX */
	/* DAT */
	{ 0xb221, RRE, 3, 0 },	/* IPTE */
	{ 0xb98e, RRE, 2, 0 },	/* IDTE */
	{ 0xb250, RRE, 2, 0 },	/* CSP */
	{ 0xb98a, RRE, 1, 0 },	/* CSPG */
	{ 0xb20d, S, 2, 1 },	/* PTLB */
	{ 0xb100, RX, 2, 1 },	/* LRA */
	{ 0xe303, RXY, 2, 1 },	/* LRAG */
	{ 0xe502, SSE, 1, 1 },	/* STRAG */
	{ 0xb700, RS, 1, 0 },	/* LCTL */
	{ 0xeb2f, RXY, 1, 0 },	/* LCTLG */
	{ 0xeb25, RXY, 2, 1 },	/* STCTG */
	{ 0xb219, S, 1, 0 },	/* SAC */
	{ 0xb279, S, 1, 0 },	/* SACF */
	{ 0xad00, SI, 2, 0 },	/* STOSM: DAT and interruptions on */
	{ 0xac00, SI, 1, 0 },	/* STNSM */
	{ 0x8000, S, 1, 0 },	/* SSM */
	/* prefix, other CPUs, the hypervisor */
	{ 0xb210, S, 3, 0 },	/* SPX */
	{ 0xb211, S, 2, 1 },	/* STPX */
	{ 0xae00, RS, 6, 0 },	/* SIGP */
	{ 0x8300, RS, 5, 0 },	/* DIAG */
	{ 0xb214, S, 1, 0 },	/* SIE */
	{ 0xb212, S, 1, 1 },	/* STAP */
	{ 0xb202, S, 1, 0 },	/* STIDP */
	{ 0xb27d, S, 1, 0 },	/* STSI */
	{ 0xb2b0, S, 1, 0 },	/* STFLE */
	{ 0xb2b1, S, 1, 0 },	/* STFL */
	{ 0xb2b2, S, 1, 0 },	/* LPSWE */
	{ 0x8200, SI, 1, 0 },	/* LPSW */
	{ 0xb98d, RRE, 1, 1 },	/* EPSW */
	{ 0x0107, E, 1, 0 },	/* SCKPF */
	{ 0x0104, E, 1, 0 },	/* PTFF */
	{ 0x0101, E, 1, 0 },	/* PR */
	{ 0x0a00, RR, 1, 1 },	/* SVC */
	{ 0x9900, RS, 1, 0 },	/* TRACE */
	/* clocks */
	{ 0xb204, S, 1, 0 },	/* SCK */
	{ 0xb205, S, 1, 0 },	/* STCK */
	{ 0xb206, S, 1, 0 },	/* SCKC */
	{ 0xb208, S, 1, 0 },	/* SPT */
	/* I/O */
	{ 0xb236, S, 1, 0 },	/* TPI */
	{ 0xb235, S, 1, 0 },	/* TSCH */
	{ 0xb232, S, 1, 0 },	/* MSCH */
	{ 0xb233, S, 1, 0 },	/* SSCH */
	{ 0xb234, S, 1, 0 },	/* STSCH */
	{ 0xb230, S, 1, 0 },	/* CSCH */
	{ 0xb23c, S, 1, 0 },	/* SCHM */
	{ 0xb239, S, 1, 0 },	/* STCRW */
	{ 0xb220, RRE, 1, 0 },	/* SERVC */
};
#define INSNS	(sizeof(insns) / sizeof(insns[0]))

static const struct insn *pick_insn(struct stream *s, int repeatable)
{
	static unsigned int total[2];
	unsigned int i, n;

	if (!total[repeatable])
		for (i = 0, n = 0; i < INSNS; i++)
			total[repeatable] = n += insns[i].repeatable >= repeatable ? insns[i].weight : 0;
	n = below(s, total[repeatable]);
	for (i = 0; ; i++) {
		if (insns[i].repeatable < repeatable)
			continue;
		if (n < insns[i].weight)
			return &insns[i];
		n -= insns[i].weight;
	}
}

/*
 * The VMM gives gpr 1 to 7 addresses, 8 to 12 keys and small numbers. Of a register
 * operand it is mostly the right kind.
 */
static unsigned int address_reg(struct stream *s)
{
	return one_in(s, 16) ? below(s, 16) : 1 + below(s, 7);
}

static unsigned int value_reg(struct stream *s)
{
	return one_in(s, 8) ? below(s, 16) : 8 + below(s, 5);
}

static unsigned int base_disp(struct stream *s)
{
	return address_reg(s) << 12 | (one_in(s, 4) ? below(s, 4096) : below(s, 16) * 8);
}

static size_t put(const struct insn *insn, struct stream *s, uint8_t *to)
{
	/* the fields of all formats, in their order; one of them is encoded */
	unsigned int op = insn->op, second = base_disp(s), first = base_disp(s);
	unsigned int regs = value_reg(s) << 4 | address_reg(s), imm = rnd(s) & 0xff;
	uint16_t half[3] = { op, 0, 0 };
	size_t size = 4;

	switch (insn->format) {
	case E:
		size = 2;
		break;
	case RR:
		half[0] = op | (op == 0x0a00 ? imm : address_reg(s) << 4 | address_reg(s));
		size = 2;
		break;
	case RRE:
		/* MVPG, IPTE: both are addresses */
		if (op == 0xb254 || op == 0xb221)
			regs = address_reg(s) << 4 | address_reg(s);
		half[1] = regs;
		break;
	case S:
		half[1] = op == 0xb20a ? below(s, 16) << 4 : second;
		break;
	case SI:
		/* STOSM, STNSM: DAT, I/O and external, nothing that is not there */
		half[0] = op | (op >= 0xac00 ? (op == 0xad00 ? imm & 0x07 : imm | 0xf8) : imm);
		half[1] = second;
		break;
	case RS:
		half[0] = op | regs;
		half[1] = second;
		if (op == 0xae00) {	/* SIGP: gpr 0 to 2 as CPU address, an order */
			half[0] = op | 8 << 4 | 13;
			half[1] = one_in(s, 4) ? below(s, 256) : 1 + below(s, 16);
		} else if (op == 0x8300) {
			static const uint16_t codes[] = { 0x10, 0x44, 0x9c, 0x258, 0x308, 0x500 };

			half[1] = one_in(s, 8) ? below(s, 4096) : codes[below(s, 6)];
		}
		break;
	case RX:
		half[0] = op | (regs & 0xf0);
		half[1] = second;
		break;
	case RXY:
		half[0] = (op & 0xff00) | (regs & 0xf0);
		half[1] = second;
		half[2] = op & 0xff;
		size = 6;
		break;
	case SS:
		half[0] = op | imm;
		/* fall through */
	case SSE:
		half[1] = first;
		half[2] = second;
		size = 6;
		break;
	}
	memcpy(to, half, size);
	return size;
}

size_t code_make(struct stream *s, uint8_t *to, size_t size, int repeatable)
{
	size_t n = 0;

	while (n + 6 <= size)
		n += put(pick_insn(s, repeatable), s, to + n);
	return n;
}
