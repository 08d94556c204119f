// SPDX-License-Identifier: GPL-2.0
/* What the tests of page table replacement have in common: see replace.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fault.h"
#include "replace.h"

long counter(const char *name)
{
	char path[64];
	long n;

	snprintf(path, sizeof(path), "/sys/kernel/mm/pgste/%s", name);
	do
		n = read_number(path);
	while (n == -ENOMEM);	/* injected: STRESS_FAIL */
	require(n >= 0, "%s: %s", path, strerror(-n));
	return n;
}

long promoted(void)
{
	return counter("promoted");
}

long demoted(void)
{
	return counter("demoted");
}

long relocated(void)
{
	return counter("relocated");
}

void set_promote(int on)
{
	int rc = write_number("/proc/sys/vm/pgste_promote", on);

	require(!rc, "vm.pgste_promote: %s", strerror(-rc));
}

void relocate(pid_t pid, unsigned long start, unsigned long end)
{
	int fd = open("/sys/kernel/debug/pgmix/relocate", O_WRONLY);
	char line[64];
	int n;

	require(fd >= 0, "pgmix/relocate: %s", strerror(errno));
	n = snprintf(line, sizeof(line), "%d %lx %lx", pid ?: getpid(), start, end);
	n = write(fd, line, n) == n ? 0 : errno;
	close(fd);
	/* A signal is not an error, and a process that went away neither. */
	require(!n || n == EINTR || n == ESRCH, "relocate %s: %s", line, strerror(n));
}

static void *run_mover(void *arg)
{
	struct mover *mover = arg;
	unsigned long start = (unsigned long)mover->mem;

	while (!mover->stop)
		relocate(0, start, start + mover->size);
	return NULL;
}

void mover_start(struct mover *mover, void *mem, size_t size)
{
	*mover = (struct mover) { .mem = mem, .size = size };
	require(!pthread_create(&mover->thread, NULL, run_mover, mover), "no thread");
}

void mover_end(struct mover *mover)
{
	mover->stop = 1;
	pthread_join(mover->thread, NULL);
}

void use_old_memory_again(struct machine *m, uint64_t gpa, unsigned long pages)
{
	run_job(m, GUEST_FILL, gpa, pages, 3);
	run_job(m, GUEST_VERIFY, gpa, pages, 3);
	run_job(m, GUEST_SETKEYS, gpa, pages, 4);
	run_job(m, GUEST_GETKEYS, gpa, pages, 4);
}

static void *run_guest(void *arg)
{
	struct guest_thread *guest = arg;

	guest->result = vcpu_run(&guest->m->cpu);
	guest->ended = 1;
	return NULL;
}

void guest_thread_start(struct guest_thread *guest, struct machine *m, uint64_t gpa,
			unsigned long pages)
{
	guest->m = m;
	guest->ended = 0;
	m->ctl->stop = 0;
	guest_start(&m->cpu, GUEST_WORK, gpa, pages, GUEST_WORK_KEYS);
	require(!pthread_create(&guest->thread, NULL, run_guest, guest), "no thread");
}

void guest_thread_end(struct guest_thread *guest)
{
	struct machine *m = guest->m;

	/* At least a round, and the check of it in the next. */
	until(guest->ended || *(volatile unsigned long *)&m->ctl->rounds >= 2,
	      "the guest did %lu rounds", m->ctl->rounds);
	*(volatile unsigned long *)&m->ctl->stop = 1;
	pthread_join(guest->thread, NULL);
	require(guest->result == 1, "KVM_RUN: %s; %s",
		guest->result < 0 ? strerror(-guest->result) : "another exit",
		vcpu_exit_text(&m->cpu));
	require(m->cpu.run->s.regs.gprs[2] == GUEST_OK, "%s",
		guest_text(&m->cpu, m->mem, m->cpu.run->s.regs.gprs[2]));
}

int vm_mem_attr_get(struct vm *vm, uint64_t attr, uint64_t *value)
{
	struct kvm_device_attr dev = {
		.group = KVM_S390_VM_MEM_CTRL,
		.attr = attr,
		.addr = (uintptr_t)value,
	};

	return ioctl(vm->fd, KVM_GET_DEVICE_ATTR, &dev) ? -errno : 0;
}

int relocate_failing(int n, void *mem, size_t size)
{
	int fd = open("/sys/kernel/debug/pgmix/relocate", O_WRONLY);
	int rc, failed;
	char line[64];

	require(fd >= 0, "pgmix/relocate: %s", strerror(errno));
	snprintf(line, sizeof(line), "%d %lx %lx", getpid(), (unsigned long)mem,
		 (unsigned long)mem + size);
	fail_nth(n);
	rc = write(fd, line, strlen(line)) < 0 ? errno : 0;
	failed = fail_nth_end();
	close(fd);
	require(!rc || rc == ENOMEM, "relocate: %s", strerror(rc));
	return !rc && !failed;
}
