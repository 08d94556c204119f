// SPDX-License-Identifier: GPL-2.0
/* The test VMM: see vmm.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm.h"

#define IPA_DIAG	0x83
#define DIAG_END	0x501
#define ICPT_INST	4

#define LC_CTL		0x310	/* see start.S */
#define LC_SIZE		0x2000

extern const uint8_t guest_image[], guest_image_end[];

static int ioctl_errno(int fd, unsigned long request, void *arg)
{
	int rc = ioctl(fd, request, arg);

	return rc < 0 ? -errno : rc;
}

int kvm_capability(unsigned long cap)
{
	int kvm, rc;

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		return -errno;
	rc = ioctl_errno(kvm, KVM_CHECK_EXTENSION, (void *)cap);
	close(kvm);
	return rc;
}

int vm_create(struct vm *vm, unsigned long type)
{
	int rc;

	memset(vm, 0, sizeof(*vm));
	vm->type = type;
	vm->fd = -1;
	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0)
		return -errno;
	rc = ioctl_errno(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, NULL);
	if (rc >= 0) {
		vm->run_size = rc;
		rc = ioctl_errno(vm->kvm, KVM_CREATE_VM, (void *)type);
	}
	if (rc < 0) {
		vm_destroy(vm);
		return rc;
	}
	vm->fd = rc;
	return 0;
}

void vm_destroy(struct vm *vm)
{
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->kvm >= 0)
		close(vm->kvm);
	vm->fd = vm->kvm = -1;
}

int vm_slot(struct vm *vm, unsigned int slot, uint64_t gpa, void *hva, size_t size,
	    unsigned int flags)
{
	struct kvm_userspace_memory_region region = {
		.userspace_addr = (uintptr_t)hva,
		.memory_size = size,
		.guest_phys_addr = gpa,
		.flags = flags,
		.slot = slot,
	};

	return ioctl_errno(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

int vm_dirty_log(struct vm *vm, unsigned int slot, void *bitmap)
{
	struct kvm_dirty_log log = { .slot = slot, .dirty_bitmap = bitmap };

	return ioctl_errno(vm->fd, KVM_GET_DIRTY_LOG, &log);
}

int vm_mem_attr(struct vm *vm, uint64_t attr, void *addr)
{
	struct kvm_device_attr dev = {
		.group = KVM_S390_VM_MEM_CTRL,
		.attr = attr,
		.addr = (uintptr_t)addr,
	};

	return ioctl_errno(vm->fd, KVM_SET_DEVICE_ATTR, &dev);
}

static int vm_keys(struct vm *vm, unsigned long request, uint64_t gfn, unsigned long count,
		   const uint8_t *keys)
{
	struct kvm_s390_skeys skeys = {
		.start_gfn = gfn,
		.count = count,
		.skeydata_addr = (uintptr_t)keys,
	};

	return ioctl_errno(vm->fd, request, &skeys);
}

int vm_get_keys(struct vm *vm, uint64_t gfn, unsigned long count, uint8_t *keys)
{
	return vm_keys(vm, KVM_S390_GET_SKEYS, gfn, count, keys);
}

int vm_set_keys(struct vm *vm, uint64_t gfn, unsigned long count, const uint8_t *keys)
{
	return vm_keys(vm, KVM_S390_SET_SKEYS, gfn, count, keys);
}

int vcpu_create(struct vm *vm, unsigned int id, struct vcpu *vcpu)
{
	int rc;

	memset(vcpu, 0, sizeof(*vcpu));
	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->fd = ioctl_errno(vm->fd, KVM_CREATE_VCPU, (void *)(unsigned long)id);
	if (vcpu->fd < 0)
		return vcpu->fd;
	vcpu->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		rc = -errno;
		close(vcpu->fd);
		vcpu->fd = -1;
		return rc;
	}
	if (id) {
		vcpu->run->s.regs.prefix = GUEST_PREFIX(id);
		vcpu->run->kvm_dirty_regs |= KVM_SYNC_PREFIX;
	}
	return 0;
}

void vcpu_destroy(struct vcpu *vcpu)
{
	if (vcpu->fd < 0)
		return;
	munmap(vcpu->run, vcpu->vm->run_size);
	close(vcpu->fd);
	vcpu->fd = -1;
}

int vcpu_run(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	int rc;

	do {
		rc = ioctl_errno(vcpu->fd, KVM_RUN, NULL);
	} while (rc == -EINTR && !vcpu->stop);
	if (rc < 0)
		return rc;
	return run->exit_reason == KVM_EXIT_S390_SIEIC &&
	       run->s390_sieic.icptcode == ICPT_INST &&
	       run->s390_sieic.ipa >> 8 == IPA_DIAG &&
	       run->s390_sieic.ipb >> 16 == DIAG_END;
}

const char *vcpu_exit_text(struct vcpu *vcpu)
{
	static char text[128];
	struct kvm_run *run = vcpu->run;

	if (run->exit_reason == KVM_EXIT_S390_SIEIC)
		snprintf(text, sizeof(text), "SIE intercept 0x%x, instruction %04x %08x, PSW %016llx %llx",
			 run->s390_sieic.icptcode, run->s390_sieic.ipa, run->s390_sieic.ipb,
			 (unsigned long long)run->psw_mask, (unsigned long long)run->psw_addr);
	else
		snprintf(text, sizeof(text), "exit reason %u, PSW %016llx %llx", run->exit_reason,
			 (unsigned long long)run->psw_mask, (unsigned long long)run->psw_addr);
	return text;
}

void *guest_memory_at(void *addr, size_t size, int flags)
{
	void *mem = mmap(addr, size, PROT_READ | PROT_WRITE,
			 flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

void *guest_memory(size_t size, int flags)
{
	uintptr_t start, aligned, end;
	void *room;

	room = mmap(NULL, size + GUEST_SEGMENT, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (room == MAP_FAILED)
		return NULL;
	start = (uintptr_t)room;
	end = start + size + GUEST_SEGMENT;
	aligned = (start + GUEST_SEGMENT - 1) & ~(GUEST_SEGMENT - 1);
	if (aligned > start)
		munmap(room, aligned - start);
	if (end > aligned + size)
		munmap((void *)(aligned + size), end - aligned - size);
	return guest_memory_at((void *)aligned, size, flags);
}

void guest_load_image(void *memory, const void *image, size_t size)
{
	uint8_t *mem = memory;
	unsigned int cpu;

	memset(mem, 0, GUEST_PREFIXES + GUEST_CPUS * LC_SIZE);
	memcpy(mem, image, size);
	for (cpu = 1; cpu < GUEST_CPUS; cpu++) {
		memcpy(mem + GUEST_PREFIX(cpu), image, LC_SIZE);
		*(uint64_t *)(mem + GUEST_PREFIX(cpu) + LC_CTL) =
			GUEST_CTL + cpu * sizeof(struct guest_ctl);
	}
}

void guest_load(void *memory)
{
	guest_load_image(memory, guest_image, guest_image_end - guest_image);
}

struct guest_ctl *guest_ctl(void *memory, unsigned int cpu)
{
	return (struct guest_ctl *)((uint8_t *)memory + GUEST_CTL) + cpu;
}

void guest_start(struct vcpu *vcpu, enum guest_job job, uint64_t from, unsigned long pages,
		 unsigned long arg)
{
	struct kvm_run *run = vcpu->run;
	const uint64_t *psw = (const uint64_t *)guest_image;

	run->psw_mask = psw[0];
	run->psw_addr = psw[1];
	run->s.regs.gprs[2] = job;
	run->s.regs.gprs[3] = from;
	run->s.regs.gprs[4] = pages;
	run->s.regs.gprs[5] = arg;
	run->s.regs.gprs[15] = GUEST_STACK(vcpu->id) - 160;
}

int guest_do(struct vcpu *vcpu, enum guest_job job, uint64_t from, unsigned long pages,
	     unsigned long arg)
{
	int rc;

	guest_start(vcpu, job, from, pages, arg);
	rc = vcpu_run(vcpu);
	if (rc < 0)
		return rc;
	return rc ? (int)vcpu->run->s.regs.gprs[2] : -EPROTO;
}

const char *guest_text(struct vcpu *vcpu, void *memory, int result)
{
	static char text[192];
	struct guest_ctl *ctl = guest_ctl(memory, vcpu->id);

	switch (result) {
	case GUEST_OK:
		return "the guest ended well";
	case GUEST_BAD_DATA:
	case GUEST_BAD_KEY:
	case GUEST_BAD_REFERENCE:
		snprintf(text, sizeof(text), "the guest saw wrong %s at 0x%lx: 0x%lx, not 0x%lx",
			 result == GUEST_BAD_DATA ? "data" :
			 result == GUEST_BAD_KEY ? "key" : "reference and change bits",
			 ctl->addr, ctl->saw, ctl->want);
		break;
	case GUEST_PGM:
		snprintf(text, sizeof(text), "program interruption 0x%lx in the guest, PSW address 0x%lx",
			 ctl->pgm, ctl->psw_addr);
		break;
	case GUEST_NO_SUCH_JOB:
		return "the guest does not know this job";
	case -EPROTO:
		snprintf(text, sizeof(text), "the guest left KVM_RUN: %s", vcpu_exit_text(vcpu));
		break;
	default:
		snprintf(text, sizeof(text), "KVM_RUN: %s", strerror(-result));
	}
	return text;
}

int machine_create(struct machine *m, unsigned long type, size_t size, int map)
{
	int rc;

	memset(m, 0, sizeof(*m));
	m->cpu.fd = -1;
	m->size = size;
	rc = vm_create(&m->vm, type);
	if (rc)
		return rc;
	m->mem = guest_memory(size, map);
	rc = m->mem ? vm_slot(&m->vm, 0, 0, m->mem, size, 0) : -errno;
	if (!rc)
		rc = vcpu_create(&m->vm, 0, &m->cpu);
	if (rc) {
		machine_destroy(m);
		return rc;
	}
	guest_load(m->mem);
	m->ctl = guest_ctl(m->mem, 0);
	return 0;
}

void machine_destroy(struct machine *m)
{
	vcpu_destroy(&m->cpu);
	vm_destroy(&m->vm);
	if (m->mem)
		munmap(m->mem, m->size);
	m->mem = NULL;
}

static int number_after(const char *text, const char *name, long *value)
{
	const char *line = strstr(text, name);

	if (!line)
		return -EPROTO;
	return sscanf(line + strlen(name), " %ld", value) == 1 ? 0 : -EPROTO;
}

static int read_text(const char *path, char *text, size_t size)
{
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return -errno;
	text[n] = 0;
	return 0;
}

int page_tables(pid_t pid, struct page_tables *pt)
{
	char path[32], text[1024], *mode;
	int rc;

	memset(pt, 0, sizeof(*pt));
	snprintf(path, sizeof(path), "/proc/%d/arch_status", pid ? pid : getpid());
	rc = read_text(path, text, sizeof(text));
	if (rc)
		return rc;
	mode = strstr(text, "PgsteMode:");
	if (!mode || sscanf(mode, "PgsteMode: %7s", pt->mode) != 1 ||
	    number_after(text, "PageTables2K:", &pt->n2k) ||
	    number_after(text, "PageTables2KBytes:", &pt->bytes2k) ||
	    number_after(text, "PageTablesPgste:", &pt->n4k) ||
	    number_after(text, "PageTablesPgsteBytes:", &pt->bytes4k))
		return -EPROTO;
	return 0;
}

long read_number(const char *path)
{
	char text[64], *end;
	long value;
	int rc;

	rc = read_text(path, text, sizeof(text));
	if (rc)
		return rc;
	value = strtol(text, &end, 10);
	return end == text ? -EPROTO : value;
}

int write_number(const char *path, long value)
{
	char text[32];
	int fd, len, rc = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = snprintf(text, sizeof(text), "%ld\n", value);
	if (write(fd, text, len) != len)
		rc = -errno;
	close(fd);
	return rc;
}

long vmstat(const char *name)
{
	size_t n = strlen(name);
	char line[128];
	long value = -1;
	FILE *f;

	write_number("/proc/sys/vm/stat_refresh", 1);
	f = fopen("/proc/vmstat", "r");
	while (f && value < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, n) && line[n] == ' ')
			value = strtol(line + n, NULL, 10);
	if (f)
		fclose(f);
	return value;
}

int pagemap_read(const void *addr, unsigned long pages, uint64_t *entries)
{
	size_t size = pages * sizeof(*entries);
	ssize_t n;
	int fd;

	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = pread(fd, entries, size, (uintptr_t)addr / GUEST_PAGE * sizeof(*entries));
	close(fd);
	return n == (ssize_t)size ? 0 : -EIO;
}

uint64_t pagemap_of(const void *addr)
{
	uint64_t entry;

	return pagemap_read(addr, 1, &entry) ? 0 : entry;
}

long pfn_of(const void *addr)
{
	uint64_t entry = pagemap_of(addr);

	return entry >> 63 ? entry & ((1UL << 55) - 1) : 0;
}
