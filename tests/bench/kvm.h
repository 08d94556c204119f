/* SPDX-License-Identifier: GPL-2.0 */
/* What the benchmark measures of KVM itself; TOD clock units each. */
#ifndef BENCH_KVM_H
#define BENCH_KVM_H

#include <stddef.h>
#include <stdint.h>

/* Size of the guest memory to be touched, in bytes. */
extern size_t kvm_size;

int64_t kvm_create(void);
int64_t kvm_create_touched(void);
int64_t kvm_first_touch(void);
int64_t kvm_exit(void);

#endif /* BENCH_KVM_H */
