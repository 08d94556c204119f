# SPDX-License-Identifier: GPL-2.0
# Linux's own KVM selftests, and what our own program says of storage keys, on our
# kernel with nothing set and on stock Linux.

SELFTESTS_DIR = $(shell BUILD=build; . arch-s390/linux.sh; echo "$$WHERE")/selftests/root/selftests

build-selftests: $(LIB)
	@tests/selftests/build
	@$(GUEST_CC) $(TEST_CFLAGS) -Itests/selftests/linux-$(or $(LINUX),6.1) -s \
		-o $(SELFTESTS_DIR)/keys tests/selftests/keys.c $(LIB)

# rsync: Linux's headers_install
TEST_PACKAGES += rsync
