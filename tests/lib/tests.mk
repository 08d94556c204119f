# SPDX-License-Identifier: GPL-2.0
# What all tests in the booted system share: the library (TAP, a small VMM and its guest,
# scenes), and the demo of `make run`. Read before the other fragments.

LIB_DIR := build/tests/lib
LIB := build/tests/lib.a
LIB_HEADERS := $(wildcard tests/lib/*.h sysctl/include/uapi/asm/*.h)
LIB_OBJS := $(patsubst tests/lib/%.c,$(LIB_DIR)/%.o,$(filter-out %/guest.c,$(wildcard tests/lib/*.c))) \
	$(LIB_DIR)/image.o
TEST_CFLAGS = $(GUEST_CFLAGS) -D_GNU_SOURCE -pthread -Itests/lib -Itests

# Freestanding, at real address 0, no floating point: nobody has enabled it there.
SMALL_GUEST_CFLAGS := -O2 -Wall -Wextra -march=z10 -msoft-float -ffreestanding -nostdlib -static \
	-fno-pic -no-pie -fno-asynchronous-unwind-tables -fno-stack-protector \
	-fno-tree-loop-distribute-patterns -Itests/lib

$(LIB_DIR):
	@mkdir -p $@

$(LIB_DIR)/guest.elf: $(addprefix tests/lib/,start.S guest.c guest.h guest.lds) | deps $(LIB_DIR)
	@echo "  LINK  $@"
	@$(GUEST_CC) $(SMALL_GUEST_CFLAGS) -Wl,-T,tests/lib/guest.lds -Wl,--build-id=none \
		-Wl,--no-warn-rwx-segments -o $@ tests/lib/start.S tests/lib/guest.c

$(LIB_DIR)/guest.bin: $(LIB_DIR)/guest.elf
	@s390x-linux-gnu-objcopy -O binary $< $@

$(LIB_DIR)/image.o: tests/lib/image.S $(LIB_DIR)/guest.bin
	@echo "  CC    $@"
	@$(GUEST_CC) -c -Wa,-I$(LIB_DIR) -o $@ $<

$(LIB_DIR)/%.o: tests/lib/%.c $(LIB_HEADERS) | deps $(LIB_DIR)
	@echo "  CC    $@"
	@$(GUEST_CC) $(TEST_CFLAGS) -c -o $@ $<

$(LIB): $(LIB_OBJS)
	@echo "  AR    $@"
	@rm -f $@
	@s390x-linux-gnu-ar rcs $@ $^

# Each test program of the table has a root file system of its own, to be laid over the
# booted one: tests/SUITE/NAME.c becomes build/root/SUITE/NAME/test. A suite adds objects
# to its programs, and whatever else it needs to build-SUITE, in its own fragment.
TEST_PROGS := $(sort $(shell awk '$$2 ~ /^(hercules|tcg|kvm)-/ { sub(/^-/, "", $$1); \
	split($$1, a, "/"); n = split(a[2], b, ","); \
	for (i = 1; i <= n; i++) print "build/root/" a[1] "/" b[i] "/test" }' tests/table))
programs_of = $(filter build/root/$1/%,$(TEST_PROGS))

$(TEST_PROGS): build/root/%/test: tests/%.c $(LIB) $(wildcard tests/kernel/*.h)
	@echo "  LINK  $@"
	@mkdir -p $(@D)
	@$(GUEST_CC) $(TEST_CFLAGS) -s -o $@ $(filter %.c %.o,$^) $(LIB)

.SECONDEXPANSION:
build-%: initramfs $$(call programs_of,$$*)
	@$(if $(call programs_of,$*)$(wildcard tests/$*/tests.mk),:,echo "error: no tests/$*/tests.mk" >&2; exit 1)

# To choose tests of programs by name.
TEST_PACKAGES += qemu-user

GUEST_PROGS += $(GUEST_BIN_DIR)/demo
$(GUEST_BIN_DIR)/demo: tools/demo.c $(LIB) | $(GUEST_BIN_DIR)
	@echo "  LINK  $@"
	@$(GUEST_CC) $(TEST_CFLAGS) -s -o $@ $^
