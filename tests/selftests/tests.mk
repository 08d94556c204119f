# SPDX-License-Identifier: GPL-2.0
# Linux's own KVM selftests, and what our own program says of storage keys, on our
# kernel with nothing set and on stock Linux.

SELFTESTS_DIR := build/selftests/root/selftests

selftests: deps $(LIB)
	@tests/selftests/build
	@$(GUEST_CC) $(TEST_CFLAGS) -s -o $(SELFTESTS_DIR)/keys tests/selftests/keys.c $(LIB)

check-selftests: image initramfs selftests
	@arch-s390/kernel stock >/dev/null
	@tests/selftests/check $(KERNEL)

# rsync: Linux's headers_install
CHECKS += check-selftests
PACKAGES += rsync
.PHONY: selftests
