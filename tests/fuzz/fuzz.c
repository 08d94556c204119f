// SPDX-License-Identifier: GPL-2.0
/*
 * Random calls of memory management and KVM: players (fuzz.h), a process that changes the
 * machine under them, and bystanders that know nothing of VMs and check their memory. What
 * must hold: nothing in the kernel's log, all page-table pages and pages given back
 * (tap.c, vmstat), memory that nobody else has is as it was, every process can be killed.
 *
 * SEED, FUZZ_SECONDS in the environment: which run and how long. FUZZ_ONLY and
 * FUZZ_LEAVE_OUT: names of actions, with commas. FUZZ_FAULTS=1: allocations fail.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "scene.h"
#include "fuzz.h"

#define BYSTANDERS	2
#define MACHINE		PLAYERS			/* numbers of the other processes */
#define FIRST_BYSTANDER	(PLAYERS + 1)
#define PROCESSES	(FIRST_BYSTANDER + BYSTANDERS)
#define PGSTE		"/sys/kernel/mm/pgste/"
#define PC(context)	((context)->uc_mcontext.psw.addr)
#define STACK(context)	((context)->uc_mcontext.gregs[15])
#define TICK_US		20000
#define KILL_SECONDS	120			/* until a killed process must be gone */
#define SLOW_SECONDS	10			/* until it is said who holds what */

/* Shared by all processes. */
static struct board {
	atomic_int pid[PROCESSES];
	const char *doing[PROCESSES][THREADS];
	atomic_ulong done[PROCESSES];
} *board;

atomic_int *players;

static struct player player;			/* this process, if it is one */
static struct worker workers[THREADS];
static pthread_t threads[THREADS];
/* The first action unmaps, and a stack may be put there: none before all threads have theirs. */
static pthread_barrier_t all_there;
static _Thread_local struct worker *this_worker;
static uint64_t seed;
static int with_kvm, faults;

static int listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (!strncmp(list, name, n) && (!list[n] || list[n] == ','))
			return 1;
	}
	return 0;
}

/* FUZZ_ONLY, FUZZ_LEAVE_OUT: names of actions or of their table. Returns the weight left. */
unsigned int prune(void *table, size_t size, const char *of)
{
	const char *only = getenv("FUZZ_ONLY"), *out = getenv("FUZZ_LEAVE_OUT");
	unsigned int i, left = 0;
	struct choice *c;

	for (i = 0; c = (void *)((char *)table + i * size), c->name; i++) {
		if ((only && !listed(only, c->name) && !listed(only, of)) || listed(out, c->name) ||
		    listed(out, of))
			c->weight = 0;
		left += c->weight;
	}
	return left;
}

static void prune_all(void)
{
	unsigned int weight = kvm_actions[0].choice.weight;

	prune(mm_actions, sizeof(mm_actions[0]), "mm");
	prune(machine_actions, sizeof(machine_actions[0]), "machine");
	prune(kvm_actions, sizeof(kvm_actions[0]), "kvm");
	/* the first stands for all of the other table */
	kvm_actions[0].choice.weight = prune_calls("ioctl") ? weight : 0;
}

static unsigned int setting(const char *name, unsigned int value)
{
	const char *s = getenv(name);

	return s ? strtoul(s, NULL, 0) : value;
}

/* Memory that other threads take away, or whose contents others take: faults are expected. */
static int may_fault(const uint8_t *at)
{
	const uint8_t *arena = player.arena, *runs = (void *)player.vm[0].run[0];

	return (at >= arena && at < arena + ARENA) ||
		(at >= runs && at < runs + VMS * CPUS * player.run_size);
}

/* A fault in an action ends the action; in a child of a player, too. */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *c = context;

	if (this_worker && sig != SIGILL && may_fault(info->si_addr))
		siglongjmp(this_worker->fault, 1);
	fail("player %d: signal %d at %lx, address %lx, stack %lx, arena %lx, during: %s",
	     player.number, sig, (unsigned long)PC(c), (unsigned long)info->si_addr,
	     (unsigned long)STACK(c), (unsigned long)player.arena,
	     this_worker ? *this_worker->doing : "nothing");
}

static void on_tick(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info, (void)context;
}

/* On a stack of its own: a fault of the thread's stack must be told, too. */
static void handle(int sig, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction act = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaction(sig, &act, NULL);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	const struct action *action;

	this_worker = w;
	sigaltstack(&(stack_t){ .ss_sp = w->signal_stack, .ss_size = sizeof(w->signal_stack) }, NULL);
	pthread_barrier_wait(&all_there);
	if (faults && write_number("/proc/thread-self/make-it-fail", 1))
		fail("FUZZ_FAULTS needs KERNEL=debug");
	for (;;) {
		action = PICK(&w->random, with_kvm && one_in(&w->random, 2) ? kvm_actions : mm_actions);
		if (!action->choice.name)
			continue;
		*w->doing = action->choice.name;
		choose_range(w);
		if (!sigsetjmp(w->fault, 1))
			action->run(w);
		*w->doing = "nothing";
		atomic_fetch_add(w->done, 1);
	}
	return NULL;
}

/* Signals, so that nobody sleeps or loops for ever, and answers to userfaults. */
static void keep_going(void)
{
	int i;

	for (;;) {
		usleep(TICK_US);
		uffd_serve(&player);
		for (i = 0; i < THREADS; i++)
			pthread_kill(threads[i], SIGUSR1);
	}
}

static void player_prepare(struct player *p, int number)
{
	struct uffdio_api api = { .api = UFFD_API };
	int i, j;

	p->number = number;
	p->pid = getpid();
	if (!guest_memory_at(p->arena, ARENA, number & 1 ? MAP_PRIVATE : MAP_SHARED) ||
	    !guest_memory_at(p->own, OWN_SEGMENTS * SEGMENT, MAP_PRIVATE))
		fail("a player's memory: %s", strerror(errno));
	p->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (p->uffd >= 0)
		ioctl(p->uffd, UFFDIO_API, &api);
	if (pipe2(p->pipe, O_CLOEXEC | O_NONBLOCK))
		fail("pipe: %s", strerror(errno));
	p->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	for (i = 0; i < VMS; i++) {
		p->vm[i].fd = p->vm[i].flic = -1;
		for (j = 0; j < CPUS; j++)
			p->vm[i].cpu[j] = -1;
	}
}

static void player_live(int number, int generation)
{
	int i;

	player_prepare(&player, number);
	handle(SIGSEGV, on_fault);
	handle(SIGBUS, on_fault);
	handle(SIGILL, on_fault);
	handle(SIGUSR1, on_tick);
	signal(SIGCHLD, SIG_IGN);	/* children that nobody waits for */
	for (i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){
			.random = derive(seed, number + 1, generation, i + 1),
			.p = &player, .thread = i,
			.doing = &board->doing[number][i], .done = &board->done[number],
		};
	}
	pthread_barrier_init(&all_there, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, &workers[i]))
			fail("no thread");
	keep_going();
}

/* Knows nothing of VMs: its pages hold what it wrote, its holes are holes. */
#define BY_SEGMENTS	8
#define BY_EVERY	32

static void bystander_check(int number, uint8_t *mem, const unsigned int *filled)
{
	static uint64_t entries[SEGMENT / PAGE];
	unsigned int s, i;
	uint64_t *at;

	for (s = 0; s < BY_SEGMENTS; s++) {
		if (!filled[s])
			continue;
		if (pagemap_read(mem + s * SEGMENT, SEGMENT / PAGE, entries))
			continue;
		for (i = 0; i < SEGMENT / PAGE; i++) {
			at = (uint64_t *)(mem + s * SEGMENT + i * PAGE);
			if (i % BY_EVERY && entries[i] >> 62)
				fail("bystander %d: nothing was mapped at entry %u of table %u, now %llx",
				     number, i, s, (unsigned long long)entries[i]);
			if (i % BY_EVERY == 0 && *at != guest_word(i, filled[s]))
				fail("bystander %d: page %u of table %u holds %llx, not %lx", number, i, s,
				     (unsigned long long)*at, guest_word(i, filled[s]));
		}
	}
}

static void bystander_live(int number)
{
	struct stream s = derive(seed, 100 + number, 0, 0);
	unsigned int filled[BY_SEGMENTS] = { 0 }, i, n;
	uint8_t *mem = guest_memory(BY_SEGMENTS * SEGMENT, MAP_PRIVATE), *at;

	if (!mem)
		fail("a bystander's memory: %s", strerror(errno));
	madvise(mem, BY_SEGMENTS * SEGMENT, MADV_NOHUGEPAGE);
	for (;;) {
		/* a table of its own goes and comes */
		n = below(&s, BY_SEGMENTS);
		at = guest_memory_at(mem + n * SEGMENT, SEGMENT, MAP_PRIVATE);
		if (!at)
			continue;
		madvise(at, SEGMENT, MADV_NOHUGEPAGE);
		filled[n] = 1 + rnd(&s) % 0xffff;
		for (i = 0; i < SEGMENT / PAGE; i += BY_EVERY) {
			if (*(uint64_t *)(at + i * PAGE))
				fail("bystander %d: fresh page %u of table %u holds %llx", number, i, n,
				     (unsigned long long)*(uint64_t *)(at + i * PAGE));
			*(uint64_t *)(at + i * PAGE) = guest_word(i, filled[n]);
		}
		bystander_check(number, mem, filled);
		board->done[number]++;
		usleep(1000 * below(&s, 100));
	}
}

static void machine_live(int generation)
{
	static struct worker w;
	const struct action *action;

	signal(SIGCHLD, SIG_IGN);
	player.pid = getpid();
	w = (struct worker){ .random = derive(seed, 200, generation, 0), .p = &player };
	for (;;) {
		action = PICK(&w.random, machine_actions);
		if (action->choice.name) {
			board->doing[MACHINE][0] = action->choice.name;
			choose_range(&w);
			action->run(&w);
			board->doing[MACHINE][0] = "nothing";
			board->done[MACHINE]++;
		}
		usleep(1000 * below(&w.random, 60));
	}
}

/* The supervisor: the process of the test. */

static void start(int number, int generation)
{
	pid_t pid = fork();

	if (pid < 0) {
		usleep(100000);
		pid = fork();
		require(pid >= 0, "fork: %s", strerror(errno));
	}
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (number < PLAYERS)
			player_live(number, generation);
		else if (number == MACHINE)
			machine_live(generation);
		else
			bystander_live(number);
	}
	board->pid[number] = pid;
}

/* What it was doing, and who holds which mmap lock. */
static void show(int number)
{
	FILE *locks = fopen("/sys/kernel/debug/pgmix-mmap-locks", "r");
	char line[128];
	int i;

	while (locks && fgets(line, sizeof(line), locks))
		note("mmap lock of %.*s", (int)strcspn(line, "\n"), line);
	if (locks)
		fclose(locks);

	for (i = 0; i < THREADS; i++)
		note("process %d is %d, thread %d: %s", number, board->pid[number], i,
		     board->doing[number][i] ? board->doing[number][i] : "not begun");
}

/* Where all tasks are, in the kernel's log. */
static void dump_tasks(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY);

	if (fd < 0 || write(fd, "l", 1) != 1 || write(fd, "t", 1) != 1)
		note("no sysrq: %s", strerror(errno));
	close(fd);
}

/*
 * khugepaged is at nice 19, and it holds mmap locks and the mutex of lru_add_drain_all(). Where
 * others keep all CPUs busy, who waits for these waits for its next turn, on a slow host
 * for half a minute. It is started anew when huge pages are switched on.
 */
static void hurry_khugepaged(void)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	char path[300], comm[32];
	FILE *f;

	while (proc && (entry = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fgets(comm, sizeof(comm), f) && !strcmp(comm, "khugepaged\n"))
			setpriority(PRIO_PROCESS, atoi(entry->d_name), 0);
		fclose(f);
	}
	if (proc)
		closedir(proc);
}

static void end(int number)
{
	pid_t pid = board->pid[number];
	int ms;

	if (!pid)
		return;
	kill(pid, SIGKILL);
	for (ms = 0; ms < KILL_SECONDS * 1000; ms += 5) {
		if (waitpid(pid, NULL, WNOHANG) == pid) {
			board->pid[number] = 0;
			if (ms >= SLOW_SECONDS * 1000)
				note("process %d was gone %d s after SIGKILL", number, ms / 1000);
			return;
		}
		if (ms == 1000)
			hurry_khugepaged();
		if (ms == SLOW_SECONDS * 1000)
			show(number);
		usleep(5000);
	}
	show(number);
	dump_tasks();
	fail("process %d cannot be killed", number);
}

/*
 * The children of those who were killed are killed, too, and become ours: what they have may
 * take a while to free.
 */
static void end_orphans(void)
{
	int ms;

	for (ms = 0; ms < KILL_SECONDS * 1000; ms += 5) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (errno == ECHILD)
			return;
		usleep(5000);
	}
	dump_tasks();
	fail("a child of a killed process does not end");
}

/* Nobody ends by himself, unless memory was short and he was chosen. */
static int look_after(void)
{
	int status, i;
	pid_t pid;

	pid = waitpid(-1, &status, WNOHANG);
	if (pid <= 0)
		return -1;
	for (i = 0; i < PROCESSES; i++) {
		if (board->pid[i] != pid)
			continue;
		board->pid[i] = 0;
		if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
			_exit(1);	/* it has said why */
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
			note("process %d was killed by somebody else", i);
			return i;
		}
		fail("process %d ended with status %x, during: %s %s %s", i, status,
		     board->doing[i][0], board->doing[i][1], board->doing[i][2]);
	}
	return -1;
}

/* What the whole machine has of each; pages that nobody has any more are given back. */
static const char *const counted[] = {
	"nr_anon_pages", "nr_mapped", "nr_mlock", "nr_anon_transparent_hugepages", "nr_shmem",
	"nr_shmem_hugepages", "nr_shmem_pmdmapped", "nr_file_pmdmapped", "nr_isolated_anon",
	"nr_isolated_file", "nr_foll_pin",
};
#define COUNTED		(sizeof(counted) / sizeof(counted[0]))
#define SLACK		200		/* pages: what the test itself and the shell have meanwhile */

static void count_pages(long *count)
{
	char name[64];
	long acquired = 0, released = 0, value;
	unsigned int i;
	FILE *f;

	write_number("/proc/sys/vm/stat_refresh", 1);
	f = fopen("/proc/vmstat", "r");
	require(f, "/proc/vmstat: %s", strerror(errno));
	memset(count, 0, COUNTED * sizeof(*count));
	while (fscanf(f, "%63s %ld", name, &value) == 2) {
		for (i = 0; i < COUNTED; i++)
			if (!strcmp(name, counted[i]))
				count[i] = value;
		if (!strcmp(name, "nr_foll_pin_acquired"))
			acquired = value;
		if (!strcmp(name, "nr_foll_pin_released"))
			released = value;
	}
	count[COUNTED - 1] = acquired - released;
	fclose(f);
}

static void expect_pages(const long *before)
{
	long now[COUNTED];
	unsigned int i, try;

	for (i = try = 0; i < COUNTED; i++) {
		do {
			count_pages(now);
			if (now[i] <= before[i] + SLACK)
				break;
			usleep(100000);
		} while (++try < 50);
		require(now[i] <= before[i] + SLACK, "%s: %ld before, now %ld", counted[i], before[i],
			now[i]);
	}
}

static void *shared(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	require(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	return mem;
}

/* What all players have at the same place, and the files they share. */
static void reserve(void)
{
	int i, j, kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	uint8_t *runs;

	board = shared(sizeof(*board));
	players = board->pid;
	player.arena = guest_memory(ARENA, MAP_PRIVATE);
	player.own = guest_memory(OWN_SEGMENTS * SEGMENT, MAP_PRIVATE);
	require(player.arena && player.own, "mmap: %s", strerror(errno));
	for (i = 0; i < FILES; i++) {
		player.file[i] = memfd_create("fuzz", MFD_CLOEXEC);
		require(player.file[i] >= 0 &&
			!ftruncate(player.file[i], FILE_SEGMENTS * SEGMENT), "memfd: %s", strerror(errno));
	}
	player.run_size = kvm < 0 ? (int)PAGE : ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	close(kvm);
	runs = shared(VMS * CPUS * player.run_size);
	for (i = 0; i < VMS; i++)
		for (j = 0; j < CPUS; j++)
			player.vm[i].run[j] = (void *)(runs + (i * CPUS + j) * player.run_size);
}

static void play_mm(void)
{
	int number, generation[PROCESSES] = { 0 };
	unsigned int time = setting("FUZZ_SECONDS", 20);
	unsigned long actions = 0;
	struct stream s;
	double until, next;
	long before[COUNTED];

	seed = setting("SEED", 1);
	faults = setting("FUZZ_FAULTS", 0);
	note("again: SEED=%llu FUZZ_SECONDS=%u%s", (unsigned long long)seed, time,
	     faults ? " FUZZ_FAULTS=1" : "");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prune_all();
	count_pages(before);
	machine_begin(faults);
	reserve();
	s = derive(seed, 0, 0, 0);
	for (number = 0; number < PROCESSES; number++)
		start(number, 0);
	until = seconds() + time;
	next = seconds() + 1;
	while (seconds() < until) {
		number = look_after();
		if (number < 0 && seconds() > next) {
			number = below(&s, PLAYERS);
			next = seconds() + (200 + below(&s, 4000)) / 1000.0;
			end(number);
		}
		if (number >= 0)
			start(number, ++generation[number]);
		usleep(20000);
	}
	for (number = 0; number < PROCESSES; number++) {
		end(number);
		actions += board->done[number];
	}
	end_orphans();
	machine_end(faults);
	munmap(player.arena, ARENA);
	/* Who touched it where no vCPU was mapped may have got a huge page. */
	munmap(player.vm[0].run[0], VMS * CPUS * player.run_size);
	for (number = 0; number < FILES; number++)
		close(player.file[number]);
	expect_pages(before);
	note("%lu actions, tables since boot: %ld promoted, %ld demoted, %ld relocated, %ld refused",
	     actions, read_number(PGSTE "promoted"), read_number(PGSTE "demoted"),
	     read_number(PGSTE "relocated"), read_number(PGSTE "refused"));
}


static void play_kvm(void)
{
	with_kvm = 1;
	play_mm();
}

static const struct test tests[] = {
	{ "random calls of memory management", play_mm, 0 },
	{ "random calls of memory management and KVM", play_kvm, NEEDS_KVM },
	{ "the same, all tables with PGSTEs", play_kvm, NEEDS_KVM | IN_4K },
};

TAP_MAIN(tests)
