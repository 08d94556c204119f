# SPDX-License-Identifier: GPL-2.0
# Test programs for the booted kernel, not part of its initramfs: they are laid over
# it. One alone:  make shell EXTRA=build/tests/system CMD='/tests/swap 3'

SYSTEM_DIR := build/tests/system
SYSTEM_TESTS := parts abi mode ordinary known admission neighbours swap races churn huge repeat
SYSTEM_PROGS := $(addprefix $(SYSTEM_DIR)/tests/,$(SYSTEM_TESTS))

$(SYSTEM_DIR)/tests:
	@mkdir -p $@

$(SYSTEM_PROGS): $(SYSTEM_DIR)/tests/%: tests/system/%.c $(LIB) | $(SYSTEM_DIR)/tests
	@echo "  LINK  $@"
	@$(GUEST_CC) $(TEST_CFLAGS) -s -o $@ $^

system-tests: $(SYSTEM_PROGS)

# On the kernel with both kinds of table: all of it on Hercules, with one and two
# CPUs, and what needs no SIE on TCG.
check-system: image initramfs $(SYSTEM_PROGS)
	@tests/system/suite $(KERNEL) $(SYSTEM_TESTS)

# And the other way round: kernels on which these tests must fail, and how.
check-control: initramfs $(SYSTEM_PROGS) replace-tests
	@tests/system/control

CHECKS += check-system check-control
.PHONY: system-tests
