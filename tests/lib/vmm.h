/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VMM of a few hundred lines, for tests: create a VM of a given type, give it
 * memory, run the small guest (guest.h), read and write its storage keys, and ask
 * the kernel which page tables a process has.
 *
 * Every function returns 0 (or what it says) on success and -errno if the kernel
 * said no; none of them prints or exits.
 */
#ifndef PGMIX_VMM_H
#define PGMIX_VMM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/kvm.h>

#include "guest.h"

/* <asm/kvm_pgste.h> is the kernel's word on these; without it the same numbers, so
 * that the programs can be built for, and fail on, a kernel that does not know them. */
#if __has_include(<asm/kvm_pgste.h>)
#include <asm/kvm_pgste.h>
#else
#define KVM_VM_S390_LATE_MMAP	2
#define KVM_CAP_S390_LATE_MMAP	10390
#endif

struct vm {
	int kvm;		/* /dev/kvm */
	int fd;
	unsigned long type;
	size_t run_size;	/* bytes to map of every vCPU */
};

struct vcpu {
	struct vm *vm;
	int fd;
	unsigned int id;
	struct kvm_run *run;
	volatile int stop;	/* set, then signal the thread: vcpu_run() returns -EINTR */
};

/**
 * vm_create() - open /dev/kvm and create a VM
 * @type: as for KVM_CREATE_VM: 0, KVM_VM_S390_LATE_MMAP, KVM_VM_S390_UCONTROL or both
 */
int vm_create(struct vm *vm, unsigned long type);
void vm_destroy(struct vm *vm);

/* KVM_CHECK_EXTENSION on /dev/kvm; 0 or more, or -errno (no /dev/kvm: -ENOENT). */
int kvm_capability(unsigned long cap);

/**
 * vm_slot() - put host memory at a guest address
 * @slot: its number; an existing one is replaced, one of size 0 removed
 * @gpa, @hva, @size: multiples of 1 MiB
 * @flags: 0 or KVM_MEM_LOG_DIRTY_PAGES
 */
int vm_slot(struct vm *vm, unsigned int slot, uint64_t gpa, void *hva, size_t size,
	    unsigned int flags);

/* Pages written since the last call, one bit each, see is_dirty(); and forget them. */
int vm_dirty_log(struct vm *vm, unsigned int slot, void *bitmap);

static inline int is_dirty(const void *bitmap, unsigned long page)
{
	return ((const uint8_t *)bitmap)[page / 8] >> (page % 8) & 1;
}

/* KVM_SET_DEVICE_ATTR on the VM, of the KVM_S390_VM_MEM_CTRL group. */
int vm_mem_attr(struct vm *vm, uint64_t attr, void *addr);

/**
 * vm_get_keys() - storage keys of guest pages
 *
 * Return: 0, -errno, or KVM_S390_GET_SKEYS_NONE if this process uses no keys yet
 */
int vm_get_keys(struct vm *vm, uint64_t gfn, unsigned long count, uint8_t *keys);
int vm_set_keys(struct vm *vm, uint64_t gfn, unsigned long count, const uint8_t *keys);

int vcpu_create(struct vm *vm, unsigned int id, struct vcpu *vcpu);
void vcpu_destroy(struct vcpu *vcpu);

/**
 * vcpu_run() - KVM_RUN until the guest leaves for user space
 *
 * Signals are ignored unless @vcpu->stop is set. For anything but DIAG 0x501 look
 * at vcpu->run->exit_reason, or let vcpu_exit_text() say it.
 *
 * Return: 0 for an exit to user space, 1 if it is the guest's DIAG 0x501, or -errno
 */
int vcpu_run(struct vcpu *vcpu);

/* The last exit in words; in a static buffer. */
const char *vcpu_exit_text(struct vcpu *vcpu);

/**
 * guest_memory() - address space for a guest, mapped but not touched
 * @size: multiple of 1 MiB; so is the address returned
 * @flags: MAP_SHARED (what runs on every machine) or MAP_PRIVATE (needs ESOP to run)
 *
 * Return: the address or NULL with errno set
 */
void *guest_memory(size_t size, int flags);

/* The same at a given place, replacing what is mapped there. */
void *guest_memory_at(void *addr, size_t size, int flags);

/* Put the small guest's image and lowcores into memory that begins at guest address 0. */
void guest_load(void *memory);

/* The same with another image of that layout (guest.lds), and the same start address. */
void guest_load_image(void *memory, const void *image, size_t size);

/* Control block of a CPU, in the memory given to guest_load(). */
struct guest_ctl *guest_ctl(void *memory, unsigned int cpu);

/**
 * guest_start() - set the registers for a job without running it
 * guest_do() - run one job of the small guest to its end
 *
 * Return (guest_do): how it ended (enum guest_end), or -errno of KVM_RUN, or -EPROTO if
 * the guest left for another reason (vcpu_exit_text() says which)
 */
void guest_start(struct vcpu *vcpu, enum guest_job job, uint64_t from, unsigned long pages,
		 unsigned long arg);
int guest_do(struct vcpu *vcpu, enum guest_job job, uint64_t from, unsigned long pages,
	     unsigned long arg);

/* How a job ended, in words, with addresses and values; in a static buffer. */
const char *guest_text(struct vcpu *vcpu, void *memory, int result);

/**
 * struct machine - the usual case in one piece: a VM with a slot 0 from guest
 * address 0 on, the small guest loaded, one vCPU
 */
struct machine {
	struct vm vm;
	struct vcpu cpu;
	uint8_t *mem;
	size_t size;
	struct guest_ctl *ctl;
};

/**
 * machine_create() - create one
 * @size: of the guest, a multiple of 1 MiB, at least 2 MiB (code and data)
 * @map: MAP_SHARED or MAP_PRIVATE; mapped after the VM is created, as a VMM does
 */
int machine_create(struct machine *m, unsigned long type, size_t size, int map);
void machine_destroy(struct machine *m);

/* What /proc/PID/arch_status says about page tables. */
struct page_tables {
	char mode[8];		/* none, all, mixed */
	long n2k, bytes2k;	/* 2K tables, bytes of the pages they lie in */
	long n4k, bytes4k;	/* tables with PGSTEs */
};

/* @pid 0 is the caller. -ENOENT: this kernel does not say; -EPROTO: a line is missing. */
int page_tables(pid_t pid, struct page_tables *pt);

/* One number from a file, e.g. /sys/kernel/mm/pgste/refused, or -errno. */
long read_number(const char *path);
int write_number(const char *path, long value);

/* A number of /proc/vmstat, up to date; -1 if there is no such. */
long vmstat(const char *name);

#define ALLOC_PGSTE	"/proc/sys/vm/alloc_pgste"
#define ALLOCATE_PGSTE	"/proc/sys/vm/allocate_pgste"	/* the same variable; also in stock kernels */
#define PGSTE_PROMOTE	"/proc/sys/vm/pgste_promote"

/**
 * pfn_of() - frame number of a page of this process, from /proc/self/pagemap
 *
 * Return: the frame, 0 if not present or not told
 */
long pfn_of(const void *addr);

/* Raw entries of /proc/self/pagemap; pagemap_of() says 0 also when it cannot be read. */
int pagemap_read(const void *addr, unsigned long pages, uint64_t *entries);
uint64_t pagemap_of(const void *addr);

#endif
