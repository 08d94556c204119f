// SPDX-License-Identifier: GPL-2.0
/*
 * Makes numbers of what the benchmark printed in each kernel: a JSON report, a
 * table for the terminal, Markdown, data for gnuplot; compares two reports.
 *
 * report make MACHINE OUT.json [NAME=VERSION ...] -- KERNEL=CONSOLE ...
 * report table|markdown|check OUT.json
 * report plots OUT.json DIR
 * report compare OLD.json NEW.json
 *
 * Several consoles of one kernel: under TCG they must agree to the digit; on
 * other machines they are repetitions.
 */

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX	8192
#define SAMPLES_MAX	256

static const char *const kernels[] = { "floor", "stock", "naive", "mixed", NULL };
static const char *const processes[] = {
	"none", "none-vm-elsewhere", "all4k", "mixed-2k-upper", "mixed-2k-lower", "mixed-4k", NULL
};

/* @value: instructions, or with a clock nanoseconds, of one operation. */
struct row {
	char kernel[8], suite[8], process[32], op[32];
	long size, per, loads, stores;
	double value, spread;
	int64_t sample[SAMPLES_MAX];
	int samples;
};

static struct row rows[ROWS_MAX];
static int n_rows;
static bool counted;		/* instructions, not time */

static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "error: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(1);
}

static struct row *find(const struct row *from, int n, const char *kernel, const char *process,
			const char *suite, const char *op, long size)
{
	for (int i = 0; i < n; i++)
		if (from[i].size == size && !strcmp(from[i].kernel, kernel) &&
		    !strcmp(from[i].process, process) && !strcmp(from[i].op, op) &&
		    !strcmp(from[i].suite, suite))
			return (struct row *)&from[i];
	return NULL;
}

static struct row *row(const char *kernel, const char *process, const char *op, long size)
{
	struct row *r = find(rows, n_rows, kernel, process, "micro", op, size);

	return r ?: find(rows, n_rows, kernel, process, "macro", op, size);
}

static struct row *new_row(const char *kernel, const char *process, const char *suite,
			   const char *op, long size, long per)
{
	struct row *r = &rows[n_rows];

	if (n_rows++ == ROWS_MAX)
		die("too many results");
	snprintf(r->kernel, sizeof(r->kernel), "%s", kernel);
	snprintf(r->process, sizeof(r->process), "%s", process);
	snprintf(r->suite, sizeof(r->suite), "%s", suite);
	snprintf(r->op, sizeof(r->op), "%s", op);
	r->size = size;
	r->per = per;
	return r;
}

/* --- what the kernels printed ---------------------------------------------- */

/* A TOD clock unit is 1/4096 µs; what is between two readings is whole ns under TCG. */
static int64_t ticks_to_ns(int64_t ticks)
{
	return (ticks * 125 + (ticks < 0 ? -256 : 256)) / 512;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/*
 * Counted: the least of the repetitions, the others had a timer interrupt.
 * With a clock: the median, and half the distance between the quartiles.
 */
static void settle(struct row *r)
{
	qsort(r->sample, r->samples, sizeof(r->sample[0]), by_value);
	if (counted) {
		r->value = (double)r->sample[0] / r->per;
		return;
	}
	r->value = (double)r->sample[r->samples / 2] / r->per;
	r->spread = (double)(r->sample[r->samples * 3 / 4] - r->sample[r->samples / 4]) / 2 / r->per;
}

static void read_console(const char *kernel, const char *path)
{
	char line[256], suite[8], process[32], op[32];
	long size, per;
	int64_t ticks;
	bool ended = false;
	FILE *f = fopen(path, "r");

	if (!f)
		die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "@ end", 5))
			ended = true;
		if (sscanf(line, "@ %7s %31s %31s %ld %ld %" SCNd64, suite, process, op, &size,
			   &per, &ticks) != 6)
			continue;
		struct row *r;

		/* Of "loads": instructions, loads, stores, see the script of that name. */
		if (!strcmp(suite, "loads")) {
			r = find(rows, n_rows, kernel, process, "micro", op, 0);
			if (r) {
				r->loads = per;
				r->stores = ticks;
			}
			continue;
		}
		r = find(rows, n_rows, kernel, process, suite, op, size);
		r = r ?: new_row(kernel, process, suite, op, size, per);
		if (r->samples == SAMPLES_MAX)
			die("%s: too many repetitions", path);
		r->sample[r->samples++] = strcmp(suite, "memory") ? ticks_to_ns(ticks) : ticks;
	}
	fclose(f);
	if (!ended)
		die("the kernel %s did not come to the end of the benchmark, see %s", kernel, path);
}

/*
 * The first half of the samples is from one console, the second from another.
 * Single operations must agree to the digit. What a program sees goes through
 * allocators and timers, whose state at that moment the host has a say in: up to
 * two percent is noted as spread.
 */
static int differences_of_runs(void)
{
	int bad = 0;

	for (struct row *r = rows; r < rows + n_rows; r++) {
		int half = r->samples / 2;

		qsort(r->sample, half, sizeof(r->sample[0]), by_value);
		qsort(r->sample + half, half, sizeof(r->sample[0]), by_value);
		int64_t off = llabs(r->sample[0] - r->sample[half]);

		r->spread = (double)off / r->per;
		if (r->samples % 2 || off > (strcmp(r->suite, "micro") ? r->sample[0] / 50 : 0)) {
			fprintf(stderr, "error: %s, %s, %s, size %ld: first run %" PRId64
				", second %" PRId64 "\n", r->kernel, r->process, r->op, r->size,
				r->sample[0], r->sample[half]);
			bad++;
		}
	}
	return bad;
}

/* A loop of known length must come out at its known cost. */
static void check_clock(void)
{
	static const char *const known[] = { "known_1", "known_100" };
	static const double cost[] = { 1, 100 };

	for (struct row *r = rows; r < rows + n_rows; r++)
		for (int i = 0; i < 2; i++)
			if (counted && !strcmp(r->op, known[i]) && r->value != cost[i])
				die("%s, %s: %s comes out at %g instructions, so no number here is right",
				    r->kernel, r->process, r->op, r->value);
}

/* --- JSON ------------------------------------------------------------------ */

static void add_string(json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

static void add_number(json_object *o, const char *key, double value)
{
	if (value == floor(value))
		json_object_object_add(o, key, json_object_new_int64(value));
	else
		json_object_object_add(o, key, json_object_new_double_s(value,
				       json_object_get_string(json_object_new_double(round(value * 1000) / 1000))));
}

static int make(int argc, char **argv)
{
	const char *machine, *out, *first = NULL;
	json_object *top = json_object_new_object(), *versions = json_object_new_object();
	json_object *results = json_object_new_array();
	int runs = 0, i;

	if (argc < 4)
		die("usage: report make MACHINE OUT.json [NAME=VERSION ...] -- KERNEL=CONSOLE ...");
	machine = argv[0];
	out = argv[1];
	counted = !strcmp(machine, "tcg");
	for (i = 2; i < argc && strcmp(argv[i], "--"); i++) {
		char *eq = strchr(argv[i], '=');

		if (!eq)
			die("%s: not NAME=VERSION", argv[i]);
		*eq = 0;
		add_string(versions, argv[i], eq + 1);
	}
	for (i++; i < argc; i++) {
		char *eq = strchr(argv[i], '=');

		if (!eq)
			die("%s: not KERNEL=CONSOLE", argv[i]);
		*eq = 0;
		read_console(argv[i], eq + 1);
		first = first ?: argv[i];
		runs += !strcmp(argv[i], first);
	}
	if (!n_rows)
		die("no results");
	if (counted && runs > 1 && differences_of_runs())
		die("two runs disagree: no report");
	for (i = 0; i < n_rows; i++)
		settle(&rows[i]);
	check_clock();

	add_string(top, "machine", machine);
	add_string(top, "unit", counted ? "instructions" : "nanoseconds");
	json_object_object_add(top, "versions", versions);
	json_object_object_add(top, "results", results);
	for (struct row *r = rows; r < rows + n_rows; r++) {
		json_object *o = json_object_new_object();

		add_string(o, "kernel", r->kernel);
		add_string(o, "process", r->process);
		add_string(o, "op", r->op);
		add_string(o, "suite", r->suite);
		add_number(o, "size", r->size);
		add_number(o, "per", r->per);
		if (!strcmp(r->suite, "memory")) {
			add_number(o, "bytes", r->value * r->per);
		} else if (counted) {
			add_number(o, "instructions", r->value);
			if (r->spread)
				add_number(o, "spread", r->spread);
			if (r->loads) {
				add_number(o, "loads", r->loads);
				add_number(o, "stores", r->stores);
			}
		} else {
			add_number(o, "nanoseconds", r->value);
			add_number(o, "spread", r->spread);
			add_number(o, "repetitions", r->samples);
		}
		json_object_array_add(results, o);
	}
	if (json_object_to_file_ext(out, top, JSON_C_TO_STRING_PRETTY))
		die("%s: cannot write", out);
	return 0;
}

static const char *text(json_object *o, const char *key, const char *path)
{
	json_object *v;

	if (!json_object_object_get_ex(o, key, &v) || !json_object_is_type(v, json_type_string))
		die("%s: not a report: no \"%s\"", path, key);
	return json_object_get_string(v);
}

static double number(json_object *o, const char *key)
{
	json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_double(v) : 0;
}

static json_object *load(const char *path)
{
	json_object *top = json_object_from_file(path), *results;

	if (!top)
		die("%s: %s", path, errno ? strerror(errno) : "not JSON");
	if (!json_object_object_get_ex(top, "results", &results) ||
	    !json_object_is_type(results, json_type_array))
		die("%s: not a report: no \"results\"", path);
	n_rows = 0;
	counted = !strcmp(text(top, "machine", path), "tcg");
	for (size_t i = 0; i < json_object_array_length(results); i++) {
		json_object *o = json_object_array_get_idx(results, i);
		struct row *r = new_row(text(o, "kernel", path), text(o, "process", path),
					text(o, "suite", path), text(o, "op", path),
					number(o, "size"), number(o, "per"));

		r->value = number(o, counted ? "instructions" : "nanoseconds");
		r->spread = number(o, "spread");
		r->loads = number(o, "loads");
		r->stores = number(o, "stores");
		if (!strcmp(r->suite, "memory"))
			r->value = number(o, "bytes");
	}
	return top;
}

/* --- what is to be reached ------------------------------------------------- */

/*
 * What a row of the mixed kernel is measured by: the value it may have at most.
 * A mixed process on a 2K table goes by stock's process without VM, on a 4K
 * table by stock's with all tables 4K.
 */
static const char *stock_process(const char *process)
{
	if (!strncmp(process, "mixed-2k", 8))
		return "none";
	return !strcmp(process, "mixed-4k") ? "all4k" : process;
}

/* Making and filling the table that @r replaces, NULL if @r is no replacement. */
static struct row *fill_of(const struct row *r)
{
	if (strncmp(r->op, "promote", 7) && strncmp(r->op, "demote", 6) &&
	    strncmp(r->op, "relocate", 8))
		return NULL;
	return row(r->kernel, r->process, "fill_segment", r->size);
}

static double limit_of(const struct row *r)
{
	static const char *const within[] = {
		"page_fault", "fork_exit", "mprotect_ro", "mprotect_rw", "mmap_touch_munmap", NULL
	};
	struct row *stock = row("stock", stock_process(r->process), r->op, r->size);
	struct row *least = row("floor", "none", r->op, r->size);

	if (strcmp(r->kernel, "mixed") || !counted)
		return INFINITY;
	if (!strcmp(r->suite, "micro")) {
		if (!strcmp(r->process, "none"))
			/* Of two operations, each has its instruction. */
			return least ? least->value + (strcmp(r->op, "modify_prot") ? 1 : 2) : INFINITY;
		if (!stock)
			return INFINITY;
		if (!strncmp(r->process, "mixed-2k", 8))
			return stock->value + 4;
		return stock->value + (!strcmp(r->process, "mixed-4k") ? 6 : 0);
	}
	for (int i = 0; within[i]; i++)
		if (!strcmp(r->op, within[i]) && stock)
			return stock->value * 1.005;
	/* A full table, in one mapping. */
	if (!strchr(r->op, '_') && fill_of(r))
		return fill_of(r)->value * 0.025;
	return INFINITY;
}

static bool is_known(const struct row *r)
{
	return !strncmp(r->op, "known_", 6);
}

/* --- tables ---------------------------------------------------------------- */

static void cell(const struct row *r, const struct row *stock, const struct row *least, bool md)
{
	char s[64] = "", value[24];

	if (!r) {
		printf(md ? " – |" : " %24s", "-");
		return;
	}
	snprintf(value, sizeof(value), "%.*f", strcmp(r->suite, "micro") || !counted ? 1 : 0, r->value);
	if (stock && r != stock && !strcmp(r->suite, "micro") && counted) {
		snprintf(s, sizeof(s), "%s (%+.0f", value, r->value - stock->value);
		if (least)
			snprintf(s + strlen(s), sizeof(s) - strlen(s), ", %+.0f", r->value - least->value);
		strcat(s, ")");
	} else if (stock && r != stock) {
		snprintf(s, sizeof(s), "%s (%+.2f %%)", value, (r->value / stock->value - 1) * 100);
	} else if (fill_of(r)) {
		snprintf(s, sizeof(s), "%s (%.1f %% of fill)", value,
			 r->value / fill_of(r)->value * 100);
	} else {
		snprintf(s, sizeof(s), "%s", value);
	}
	if (!counted)
		snprintf(s + strlen(s), sizeof(s) - strlen(s), " ±%.0f%%", 100 * r->spread / r->value);
	if (r->value > limit_of(r) + 1e-9)
		strcat(s, " !");
	printf(md ? " %s |" : " %24s", s);
}

/* One row for each operation and size: as many as the stock or mixed kernel has. */
static void process_table(const char *process, const char *suite, bool md)
{
	bool any = false;

	for (int i = 0; i < n_rows; i++) {
		struct row *m = &rows[i];
		struct row *s, *least;
		char name[64];
		bool seen = false;

		if (strcmp(m->process, process) || strcmp(m->suite, suite) || is_known(m))
			continue;
		for (int j = 0; j < i && !seen; j++)
			seen = rows[j].size == m->size && !strcmp(rows[j].process, process) &&
			       !strcmp(rows[j].suite, suite) && !strcmp(rows[j].op, m->op);
		if (seen)
			continue;
		if (!any && md)
			printf("\n### %s: %s\n\n| operation | floor (no VM) | stock (%s) | naive | mixed |\n"
			       "|---|---|---|---|---|\n", suite, process, stock_process(process));
		else if (!any)
			printf("\n%s, process: %s (stock: %s)\n%-34s %24s %24s %24s %24s\n", suite,
			       process, stock_process(process), "", "floor", "stock", "naive", "mixed");
		any = true;
		s = row("stock", stock_process(process), m->op, m->size);
		least = row("floor", "none", m->op, m->size);
		snprintf(name, sizeof(name), "%s", m->op);
		if (m->size)
			snprintf(name + strlen(name), sizeof(name) - strlen(name), ", %ld%s", m->size,
				 strstr(m->op, "mappings") ? "" : " MiB");
		printf(md ? "| %s |" : "%-34s", name);
		cell(least, NULL, NULL, md);
		cell(s, s, NULL, md);
		cell(row("naive", process, m->op, m->size), s, NULL, md);
		cell(row("mixed", process, m->op, m->size), s,
		     strcmp(suite, "micro") ? NULL : least, md);
		printf("\n");
	}
}

/* Instructions that read and that write memory: stmg and lmg are one each. */
static void references(const char *process, bool md)
{
	bool any = false;

	for (struct row *r = rows; r < rows + n_rows; r++) {
		const char *of[] = { "none", stock_process(process), process, process };

		if (strcmp(r->kernel, strcmp(process, "none") ? "mixed" : "stock") ||
		    strcmp(r->process, process) || !r->loads)
			continue;
		if (!any)
			printf(md ? "\n### loads + stores: %s\n\n| operation | floor | stock | naive | mixed |\n"
			       "|---|---|---|---|---|\n" : "\nloads + stores, process: %s\n", process);
		any = true;
		printf(md ? "| %s |" : "%-34s", r->op);
		for (int k = 0; kernels[k]; k++) {
			struct row *o = row(kernels[k], of[k], r->op, 0);
			char s[32] = "-";

			if (o)
				snprintf(s, sizeof(s), "%ld + %ld", o->loads, o->stores);
			printf(md ? " %s |" : " %24s", s);
		}
		printf("\n");
	}
}

static int missed(bool print)
{
	int n = 0;

	for (struct row *r = rows; r < rows + n_rows; r++) {
		if (is_known(r) || r->value <= limit_of(r) + 1e-9)
			continue;
		if (print)
			printf("  %s, %s%s: %g, at most %g\n", r->process, r->op,
			       r->size ? " (with a size)" : "", r->value, limit_of(r));
		n++;
	}
	return n;
}

static int table(const char *path, bool md)
{
	json_object *top = load(path), *versions;
	const char *machine = text(top, "machine", path);
	int n;

	if (md)
		printf("# Benchmark report, %s\n\n", machine);
	else
		printf("Benchmark, %s\n", machine);
	if (counted)
		printf("Instructions of one operation (counted). In brackets: difference to stock%s",
		       ", and to the floor; ! is above what is to be reached.\n");
	else
		printf("Nanoseconds of one operation: median and spread. In brackets: ratio to stock;\n"
		       "nothing else can be compared with another run.\n");
	if (json_object_object_get_ex(top, "versions", &versions)) {
		json_object_object_foreach(versions, key, value)
			printf("%s%s: %s\n", md ? "\n- " : "  ", key, json_object_get_string(value));
	}
	for (int i = 0; processes[i]; i++)
		process_table(processes[i], "micro", md);
	for (int i = 0; processes[i]; i++)
		references(processes[i], md);
	for (int i = 0; processes[i]; i++)
		process_table(processes[i], "macro", md);
	printf(md ? "\n### Page tables of 200 processes and a VMM\n\n| | bytes |\n|---|---|\n" :
	       "\npage tables of 200 processes and a VMM, bytes\n");
	for (int i = 0; i < n_rows; i++)
		if (!strcmp(rows[i].suite, "memory"))
			printf(md ? "| %s | %.0f |\n" : "%-34s %24.0f\n", rows[i].process, rows[i].value);
	n = missed(false);
	if (counted && !row("mixed", "none", "set_pte_at", 0))
		return 0;
	if (counted && n) {
		printf("\n%d numbers are above what is to be reached:\n", n);
		missed(true);
	} else if (counted) {
		printf("\nall numbers are within what is to be reached\n");
	}
	return 0;
}

/* A process without VM must not pay anything. */
static int check(const char *path)
{
	int bad = 0, n = 0;

	load(path);
	for (struct row *r = rows; r < rows + n_rows; r++) {
		struct row *stock;

		if (strcmp(r->kernel, "mixed") || strcmp(r->suite, "micro") || is_known(r) ||
		    strncmp(r->process, "none", 4))
			continue;
		stock = row("stock", r->process, r->op, r->size);
		if (!stock)
			continue;
		n++;
		if (r->value > stock->value) {
			printf("not ok: %s in a process without VM (%s): %g instructions, stock %g\n",
			       r->op, r->process, r->value, stock->value);
			bad++;
		}
	}
	if (!n)
		die("%s: nothing to compare with stock", path);
	if (!bad)
		printf("ok: %d operations of processes without VM, none above stock\n", n);
	return !!bad;
}

/* --- comparing reports ----------------------------------------------------- */

static int compare(const char *old_path, const char *new_path)
{
	static struct row old[ROWS_MAX];
	int n_old, changed = 0;

	load(old_path);
	memcpy(old, rows, sizeof(old));
	n_old = n_rows;
	bool old_counted = counted;

	load(new_path);
	if (old_counted != counted)
		die("%s counts instructions, %s measures time", old_counted ? old_path : new_path,
		    old_counted ? new_path : old_path);
	for (struct row *r = rows; r < rows + n_rows; r++) {
		struct row *o = find(old, n_old, r->kernel, r->process, r->suite, r->op, r->size);

		if (o && (counted ? o->value == r->value :
			  fabs(o->value - r->value) <= o->spread + r->spread))
			continue;
		changed++;
		printf("%-6s %-18s %-26s %5ld: ", r->kernel, r->process, r->op, r->size);
		if (o)
			printf("%g -> %g (%+g, %+.2f %%)\n", o->value, r->value,
			       r->value - o->value, (r->value / o->value - 1) * 100);
		else
			printf("new, %g\n", r->value);
	}
	for (struct row *o = old; o < old + n_old; o++)
		if (!find(rows, n_rows, o->kernel, o->process, o->suite, o->op, o->size)) {
			printf("%-6s %-18s %-26s %5ld: gone, was %g\n", o->kernel, o->process,
			       o->op, o->size, o->value);
			changed++;
		}
	printf("%d of %d numbers changed\n", changed, n_rows);
	return 0;
}

/* --- data for gnuplot ------------------------------------------------------ */

static FILE *data(const char *dir, const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.dat", dir, name);
	f = fopen(path, "w");
	if (!f)
		die("%s: %s", path, strerror(errno));
	return f;
}

/* Per process a file of bars; per macro and process a file of a curve for each kernel. */
static int plots(const char *path, const char *dir)
{
	char name[128];

	load(path);
	for (int p = 0; processes[p]; p++) {
		FILE *f = NULL;

		for (struct row *r = rows; r < rows + n_rows; r++) {
			if (strcmp(r->process, processes[p]) || strcmp(r->suite, "micro") ||
			    strcmp(r->kernel, "mixed") || is_known(r))
				continue;
			snprintf(name, sizeof(name), "ops-%s", processes[p]);
			f = f ?: data(dir, name);
			fprintf(f, "\"%s\"", r->op);
			for (int k = 0; kernels[k]; k++) {
				struct row *o = row(kernels[k], k == 0 ? "none" : k == 1 ?
						    stock_process(processes[p]) : processes[p],
						    r->op, r->size);

				if (o)
					fprintf(f, " %g", o->value);
				else
					fprintf(f, " 0");	/* gnuplot wants a bar */
			}
			fprintf(f, "\n");
		}
		if (f)
			fclose(f);
	}
	for (int i = 0; i < n_rows; i++) {
		struct row *first = &rows[i];
		FILE *f;

		if (strcmp(first->suite, "macro"))
			continue;
		snprintf(name, sizeof(name), "growth-%s-%s-%s", first->op, first->process, first->kernel);
		f = data(dir, name);
		for (long size = 1; size <= 1024; size++) {
			struct row *r = row(first->kernel, first->process, first->op, size);

			if (r)
				fprintf(f, "%ld %g\n", size, r->value);
		}
		fclose(f);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *cmd = argc > 1 ? argv[1] : "";

	if (!strcmp(cmd, "make"))
		return make(argc - 2, argv + 2);
	if (!strcmp(cmd, "table") && argc == 3)
		return table(argv[2], false);
	if (!strcmp(cmd, "markdown") && argc == 3)
		return table(argv[2], true);
	if (!strcmp(cmd, "check") && argc == 3)
		return check(argv[2]);
	if (!strcmp(cmd, "compare") && argc == 4)
		return compare(argv[2], argv[3]);
	if (!strcmp(cmd, "plots") && argc == 4)
		return plots(argv[2], argv[3]);
	die("usage: report make|table|markdown|check|compare|plots ...");
}
