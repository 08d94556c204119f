# SPDX-License-Identifier: GPL-2.0
# Linux's own KVM selftests, and what our own program says of storage keys, on our
# kernel with nothing set and on stock Linux.

SELFTESTS_DIR := build/selftests/root/selftests

selftests: deps $(VMM_OBJS)
	@tests/selftests/build
	@$(GUEST_CC) $(VMM_CFLAGS) -s -o $(SELFTESTS_DIR)/keys tests/selftests/keys.c $(VMM_OBJS)

check-selftests: image initramfs selftests
	@arch-s390/kernel stock >/dev/null
	@tests/selftests/check $(KERNEL)

# rsync: Linux's headers_install
CHECKS += check-selftests
PACKAGES += rsync
.PHONY: selftests
