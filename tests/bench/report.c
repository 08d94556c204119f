// SPDX-License-Identifier: GPL-2.0
/*
 * Makes numbers of what the benchmark printed in each kernel: a JSON report, a
 * table for the terminal, Markdown, data for gnuplot; compares two reports.
 *
 * report make MACHINE OUT.json [NAME=VERSION ...] -- KERNEL=CONSOLE ...
 * report table|markdown OUT.json KNOWN
 * report check OUT.json
 * report plots OUT.json DIR
 * report compare OLD.json NEW.json
 *
 * Several consoles of one kernel: under TCG they must agree to the digit; on
 * other machines they are repetitions. KNOWN lists rows that may be above their
 * target, and why. Exit status: 1 if one is that is not listed.
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
#define GROWTH_MAX	1024	/* the largest size that is drawn */
#define REFILL		300000	/* instructions, see differences_of_runs() */

static const char *const kernels[] = { "floor", "stock", "uniform", "naive", "mixed", NULL };
static const char *const processes[] = {
	"none", "none-vm-elsewhere", "all-pgste", "mixed-2k-upper", "mixed-2k-lower", "mixed-pgste",
	"all-pgste-keys", "mixed-pgste-keys", "all-pgste-armed", "mixed-pgste-armed", NULL
};

/*
 * @value: instructions, or with a clock nanoseconds, of one operation.
 * @traced, @loads, @stores: instructions followed one by one, those of them that read
 * and that write memory; -1 if that was not done.
 */
struct row {
	char kernel[8], suite[8], process[32], op[32];
	long size, per, traced, loads, stores;
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
	r->traced = r->loads = r->stores = -1;
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
				r->traced = size;
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
 * two percent is noted as spread. A large size has one sample in each run, and during
 * one of them Linux 6.12 may refill its list of free pages, 2016 at a time and most of
 * them for whoever comes later: that is one REFILL.
 */
static int differences_of_runs(void)
{
	int bad = 0;

	for (struct row *r = rows; r < rows + n_rows; r++) {
		int half = r->samples / 2;

		qsort(r->sample, half, sizeof(r->sample[0]), by_value);
		qsort(r->sample + half, half, sizeof(r->sample[0]), by_value);
		int64_t off = llabs(r->sample[0] - r->sample[half]);
		int64_t allowed = r->sample[0] / 50 + (half == 1 ? REFILL : 0);

		r->spread = (double)off / r->per;
		if (r->samples % 2 || off > (strcmp(r->suite, "micro") ? allowed : 0)) {
			fprintf(stderr, "error: %s, %s, %s, size %ld: first run %" PRId64
				", second %" PRId64 "\n", r->kernel, r->process, r->op, r->size,
				r->sample[0], r->sample[half]);
			bad++;
		}
	}
	return bad;
}

/* In each process measured, a loop of known length must come out at its known cost. */
static void check_clock(void)
{
	static const char *const known[] = { "known_1", "known_100" };
	static const double cost[] = { 1, 100 };

	for (struct row *r = rows; r < rows + n_rows; r++) {
		if (strcmp(r->suite, "micro"))
			continue;
		for (int i = 0; i < 2; i++) {
			struct row *k = find(rows, n_rows, r->kernel, r->process, "micro", known[i], 0);

			if (!k)
				die("%s, %s: %s was not measured, so nothing says that the clock is right",
				    r->kernel, r->process, known[i]);
			if (counted && k->value != cost[i])
				die("%s, %s: %s comes out at %g instructions, so no number here is right",
				    k->kernel, k->process, k->op, k->value);
		}
	}
}

/* Two ways to count the instructions of an operation must give the same number. */
static void check_traced(void)
{
	int bad = 0;

	for (struct row *r = rows; r < rows + n_rows; r++) {
		if (r->traced < 0 || r->traced == r->value)
			continue;
		fprintf(stderr, "error: %s, %s, %s: %g instructions measured, %ld followed\n",
			r->kernel, r->process, r->op, r->value, r->traced);
		bad++;
	}
	if (bad)
		die("%d operations were not followed as they were measured: no report", bad);
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
	if (counted)
		check_traced();

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
			if (r->loads >= 0) {
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

static double number_or(json_object *o, const char *key, double missing)
{
	json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_double(v) : missing;
}

static double number(json_object *o, const char *key)
{
	return number_or(o, key, 0);
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
		r->loads = number_or(o, "loads", -1);
		r->stores = number_or(o, "stores", -1);
		if (!strcmp(r->suite, "memory"))
			r->value = number(o, "bytes");
	}
	return top;
}

/* --- what is to be reached ------------------------------------------------- */

/*
 * A row of the mixed kernel is compared with stock: a mixed process on a 2K table with
 * stock's process without VM, on a PGSTE table with stock's process that has only those.
 */
static const char *stock_process(const char *process)
{
	if (!strncmp(process, "mixed-2k", 8))
		return "none";
	if (!strcmp(process, "mixed-pgste-keys"))
		return "all-pgste-keys";
	if (!strcmp(process, "mixed-pgste-armed"))
		return "all-pgste-armed";
	return !strcmp(process, "mixed-pgste") ? "all-pgste" : process;
}

/* The process of @kernel that @process of the mixed kernel is compared with. */
static const char *process_in(const char *kernel, const char *process)
{
	if (!strcmp(kernel, "floor"))
		return "none";
	if (!strcmp(kernel, "stock") || !strcmp(kernel, "uniform"))
		return stock_process(process);
	return process;
}

/* Making and filling the table that @r replaces, NULL if @r is no replacement. */
static struct row *fill_of(const struct row *r)
{
	if (strncmp(r->op, "promote", 7) && strncmp(r->op, "demote", 6) &&
	    strncmp(r->op, "relocate", 8))
		return NULL;
	return row(r->kernel, r->process, "fill_segment", r->size);
}

/* What a row may have at most: so much more than the row it is compared with. */
struct target {
	const struct row *base;	/* NULL: there is no target */
	double base_value, more;
};

static struct target target_of(const struct row *r)
{
	static const char *const within[] = {
		"page_fault", "fork_exit", "mprotect_ro", "mprotect_rw", "mmap_touch_munmap", NULL
	};
	struct row *stock = row("stock", stock_process(r->process), r->op, r->size);
	struct row *least = row("floor", "none", r->op, r->size);
	struct row *fill = fill_of(r);

	/* With storage keys in use whose frame it is has to be found out, which stock does not. */
	if (strcmp(r->kernel, "mixed") || !counted || strstr(r->process, "-keys"))
		return (struct target) { };
	if (!strcmp(r->suite, "micro")) {
		/* One instruction for the static key; modify_prot is two operations. */
		if (!strcmp(r->process, "none"))
			return (struct target) { least, least ? least->value : 0,
						 strcmp(r->op, "modify_prot") ? 1 : 2 };
		return (struct target) { stock, stock ? stock->value : 0,
					 !strncmp(r->process, "mixed-2k", 8) ? 4 :
					 !strncmp(r->process, "mixed-pgste", 11) ? 6 : 0 };
	}
	for (int i = 0; within[i]; i++)
		if (!strcmp(r->op, within[i]))
			return (struct target) { stock, stock ? stock->value : 0,
						 stock ? stock->value * 0.005 : 0 };
	/* A full table, in one VMA. */
	if (!strchr(r->op, '_') && fill)
		return (struct target) { fill, 0, fill->value * 0.025 };
	return (struct target) { };
}

/* Rows that are above their target for a reason: PROCESS|OP|SIZE|PERCENT above|reason. */
static struct excuse {
	char process[32], op[32], reason[160];
	long size;
	double percent;
} excuses[32];
static int n_excuses;

static void load_excuses(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[300];

	if (!f)
		die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		struct excuse *e = &excuses[n_excuses];

		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (n_excuses == 32 ||
		    sscanf(line, "%31[^|]|%31[^|]|%ld|%lf|%159[^\n]", e->process, e->op, &e->size,
			   &e->percent, e->reason) != 5)
			die("%s: not PROCESS|OP|SIZE|PERCENT|reason: %s", path, line);
		n_excuses++;
	}
	fclose(f);
}

static const struct excuse *excuse_of(const struct row *r)
{
	for (struct excuse *e = excuses; e < excuses + n_excuses; e++)
		if (!strcmp(e->process, r->process) && !strcmp(e->op, r->op) && e->size == r->size)
			return e;
	return NULL;
}

enum verdict { NO_TARGET, WITHIN, NOT_JUDGED, EXCUSED, ABOVE };

/* Two runs that differ by more than half of what is allowed decide nothing. */
static enum verdict judge(const struct row *r)
{
	struct target t = target_of(r);
	const struct excuse *e = excuse_of(r);

	if (!t.base)
		return NO_TARGET;
	if (2 * fmax(r->spread, t.base->spread) > t.more)
		return NOT_JUDGED;
	if (r->value <= t.base_value + t.more + 1e-9)
		return WITHIN;
	return e && r->value <= t.base_value * (1 + e->percent / 100) ? EXCUSED : ABOVE;
}

static bool is_known(const struct row *r)
{
	return !strncmp(r->op, "known_", 6);
}

static void row_name(const struct row *r, char *name, size_t size)
{
	if (!r->size)
		snprintf(name, size, "%s", r->op);
	else if (strstr(r->op, "vmas") && !fill_of(r))
		snprintf(name, size, "%s, %ld", r->op, r->size);
	else
		snprintf(name, size, "%s, %ld MiB", r->op, r->size);
}

/* --- tables ---------------------------------------------------------------- */

static void cell(const struct row *r, const struct row *stock, const struct row *uniform, bool md)
{
	char s[64] = "", value[24];

	if (!r) {
		printf(md ? " – |" : " %24s", "-");
		return;
	}
	snprintf(value, sizeof(value), "%.*f", strcmp(r->suite, "micro") || !counted ? 1 : 0, r->value);
	if (stock && r != stock && !strcmp(r->suite, "micro") && counted) {
		snprintf(s, sizeof(s), "%s (%+.0f", value, r->value - stock->value);
		if (uniform)
			snprintf(s + strlen(s), sizeof(s) - strlen(s), ", %+.0f", r->value - uniform->value);
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
	if (judge(r) > WITHIN)
		strcat(s, judge(r) == ABOVE ? " !" : judge(r) == EXCUSED ? " (!)" : " ?");
	printf(md ? " %s |" : " %24s", s);
}

/* One row for each operation and size: as many as the stock or mixed kernel has. */
static void process_table(const char *process, const char *suite, bool md)
{
	bool any = false;

	for (int i = 0; i < n_rows; i++) {
		struct row *m = &rows[i];
		struct row *s, *uniform;
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
			printf("\n### %s: %s\n\n| operation | floor (no VM) | stock (%s) | uniform (%s) |"
			       " naive | mixed |\n|---|---|---|---|---|---|\n", suite, process,
			       stock_process(process), stock_process(process));
		else if (!any)
			printf("\n%s, process: %s (stock, uniform: %s)\n%-34s %24s %24s %24s %24s %24s\n",
			       suite, process, stock_process(process), "", "floor", "stock",
			       "uniform", "naive", "mixed");
		any = true;
		s = row("stock", stock_process(process), m->op, m->size);
		uniform = row("uniform", stock_process(process), m->op, m->size);
		row_name(m, name, sizeof(name));
		printf(md ? "| %s |" : "%-34s", name);
		cell(row("floor", "none", m->op, m->size), NULL, NULL, md);
		cell(s, s, NULL, md);
		cell(uniform, s, NULL, md);
		cell(row("naive", process, m->op, m->size), s, NULL, md);
		cell(row("mixed", process, m->op, m->size), s,
		     strcmp(suite, "micro") ? NULL : uniform, md);
		printf("\n");
	}
}

/* Instructions that read and that write memory: stmg and lmg are one each. */
static void references(const char *process, bool md)
{
	bool any = false;

	for (struct row *r = rows; r < rows + n_rows; r++) {
		if (strcmp(r->kernel, strcmp(process, "none") ? "mixed" : "stock") ||
		    strcmp(r->process, process) || r->loads < 0 || is_known(r))
			continue;
		if (!any)
			printf(md ? "\n### loads + stores: %s\n\n| operation | floor | stock | uniform |"
			       " naive | mixed |\n|---|---|---|---|---|---|\n" :
			       "\nloads + stores, process: %s\n", process);
		any = true;
		printf(md ? "| %s |" : "%-34s", r->op);
		for (int k = 0; kernels[k]; k++) {
			struct row *o = row(kernels[k], process_in(kernels[k], process), r->op, 0);
			char s[32] = "-";

			if (o && o->loads >= 0)
				snprintf(s, sizeof(s), "%ld + %ld", o->loads, o->stores);
			printf(md ? " %s |" : " %24s", s);
		}
		printf("\n");
	}
}

/* Prints the rows of one verdict, under a heading; returns how many. */
static int list(enum verdict verdict, const char *heading)
{
	int n = 0;

	for (struct row *r = rows; r < rows + n_rows; r++) {
		struct target t = target_of(r);
		char name[64];

		if (is_known(r) || judge(r) != verdict)
			continue;
		row_name(r, name, sizeof(name));
		if (!n++)
			printf("\n%s:\n\n", heading);
		printf("- %s, %s: %g, at most %g", r->process, name, r->value, t.base_value + t.more);
		if (verdict == NOT_JUDGED)
			printf("; two runs differ by %g, those compared with by %g", r->spread,
			       t.base->spread);
		if (verdict == EXCUSED)
			printf(": %s", excuse_of(r)->reason);
		printf("\n");
	}
	return n;
}

static int count(enum verdict verdict)
{
	int n = 0;

	for (struct row *r = rows; r < rows + n_rows; r++)
		n += !is_known(r) && judge(r) == verdict;
	return n;
}

static int table(const char *path, const char *known, bool md)
{
	json_object *top = load(path), *versions;
	const char *machine = text(top, "machine", path);

	load_excuses(known);
	if (md)
		printf("# Benchmark report, %s\n\n", machine);
	else
		printf("Benchmark, %s\n", machine);
	if (counted)
		printf("Instructions of one operation (counted). In brackets: difference to stock, and\n"
		       "to uniform; ! is above its target, (!) is so for a known reason, ? cannot be\n"
		       "judged: two runs differ by more than half of what is allowed.\n");
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
	list(NOT_JUDGED, "Not judged");
	list(EXCUSED, "Above the target, for a known reason");
	list(ABOVE, "Above the target");
	if (counted && row("mixed", "none", "set_pte_at", 0))
		printf("\nTargets: %d rows within, %d above, %d above for a known reason, %d not judged\n",
		       count(WITHIN), count(ABOVE), count(EXCUSED), count(NOT_JUDGED));
	return count(ABOVE) > 0;
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
				struct row *o = row(kernels[k], process_in(kernels[k], processes[p]),
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

		if (strcmp(first->suite, "macro") || first->size > GROWTH_MAX)
			continue;
		snprintf(name, sizeof(name), "growth-%s-%s-%s", first->op, first->process, first->kernel);
		f = data(dir, name);
		for (long size = 1; size <= GROWTH_MAX; size++) {
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
	if (!strcmp(cmd, "table") && argc == 4)
		return table(argv[2], argv[3], false);
	if (!strcmp(cmd, "markdown") && argc == 4)
		return table(argv[2], argv[3], true);
	if (!strcmp(cmd, "check") && argc == 3)
		return check(argv[2]);
	if (!strcmp(cmd, "compare") && argc == 4)
		return compare(argv[2], argv[3]);
	if (!strcmp(cmd, "plots") && argc == 4)
		return plots(argv[2], argv[3]);
	die("usage: report make|table|markdown|check|compare|plots ...");
}
