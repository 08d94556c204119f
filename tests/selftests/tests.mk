# SPDX-License-Identifier: GPL-2.0
# Linux's own KVM selftests, on our kernel with nothing set and on stock Linux.

selftests: deps
	@tests/selftests/build

check-selftests: image initramfs selftests
	@arch-s390/kernel stock >/dev/null
	@tests/selftests/check $(KERNEL)

CHECKS += check-selftests
.PHONY: selftests
