# SPDX-License-Identifier: GPL-2.0
# What is for users of a machine with this kernel, and its package pgmix-tools.

TOOLS_DIR := build/tools
SELFTEST_OBJS = build/tests/scene.o $(NESTED_DIR)/nest.o $(NESTED_DIR)/image.o $(VMM_OBJS)

$(TOOLS_DIR):
	@mkdir -p $@

$(TOOLS_DIR)/pgste-selftest: tools/pgste-selftest.c $(SELFTEST_OBJS) | $(TOOLS_DIR)
	@echo "  LINK  $@"
	@$(GUEST_CC) $(VMM_CFLAGS) -s -o $@ $^

GUEST_PROGS += $(GUEST_BIN_DIR)/pgste-selftest
$(GUEST_BIN_DIR)/pgste-selftest: $(TOOLS_DIR)/pgste-selftest | $(GUEST_BIN_DIR)
	@cp $< $@

# The Debian package of the tools, for s390x.
tools-deb: $(TOOLS_DIR)/pgste-selftest $(QEMU_ROOT)/lib/pgmix-vmtype.so
	@tools/deb $^

PACKAGES += dpkg-dev
.PHONY: tools-deb
