// SPDX-License-Identifier: GPL-2.0
/* Streams of random numbers, and choices by weight. */
#include "fuzz.h"

uint64_t rnd(struct stream *s)
{
	uint64_t z = s->state += 0x9e3779b97f4a7c15UL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return z ^ z >> 31;
}

struct stream derive(uint64_t from, unsigned int a, unsigned int b, unsigned int c)
{
	struct stream s = { from ^ (uint64_t)a << 48 ^ (uint64_t)b << 24 ^ c };

	s.state = rnd(&s);
	return s;
}

static const struct choice *entry(const void *table, size_t size, unsigned int i)
{
	return (const void *)((const char *)table + i * size);
}

const void *pick(struct stream *s, const void *table, size_t size)
{
	unsigned int i, n, total = 0;

	for (i = 0; entry(table, size, i)->name; i++)
		total += entry(table, size, i)->weight;
	if (!total)
		return entry(table, size, 0);
	n = below(s, total);
	for (i = 0; n >= entry(table, size, i)->weight; i++)
		n -= entry(table, size, i)->weight;
	return entry(table, size, i);
}
