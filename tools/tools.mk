# SPDX-License-Identifier: GPL-2.0
# What is for users of a machine with this kernel, and its package pgmix-tools.

TOOLS_DIR := build/tools

$(TOOLS_DIR):
	@mkdir -p $@

# With the test library but for its frame: one program, no setting changed.
$(TOOLS_DIR)/pgste-selftest: tools/pgste-selftest.c tests/nested/nest.h tests/nested/nested.h \
		$(NESTED_OBJS) $(LIB) | $(TOOLS_DIR)
	@echo "  LINK  $@"
	@$(GUEST_CC) $(TEST_CFLAGS) -s -o $@ $(filter %.c %.o %.a,$^)

GUEST_PROGS += $(GUEST_BIN_DIR)/pgste-selftest
$(GUEST_BIN_DIR)/pgste-selftest: $(TOOLS_DIR)/pgste-selftest | $(GUEST_BIN_DIR)
	@cp $< $@

# The Debian package of the tools, for s390x.
tools-deb: test-deps $(TOOLS_DIR)/pgste-selftest $(QEMU_ROOT)/lib/pgmix-vmtype.so
	@tools/deb $(filter build/%,$^)

# Tested by what tests/table says of it.
build-tools: initramfs

TEST_PACKAGES += dpkg-dev
.PHONY: build-tools tools-deb
