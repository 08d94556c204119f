# SPDX-License-Identifier: GPL-2.0
# Debian's QEMU as the client: `make run-qemu` and the tests. One test program alone:
#   make qemu-tests; tests/qemu/one run migrate there_and_back

GUEST_KERNEL ?=
GUEST_INITRD ?=
QEMU_ARGS ?=
override QEMU_ARGS := $(value QEMU_ARGS)
export GUEST_KERNEL GUEST_INITRD QEMU_ARGS

run-qemu: check-guest-files image initramfs
	@arch-s390/qemu-root
	@tools/run-qemu

# Before anything is built.
check-guest-files:
	@tools/run-qemu check

# --- tests: laid over QEMU and the initramfs ----------------------------------

QEMU_ROOT := build/tests/qemu/root
QEMU_TESTS := $(addprefix $(QEMU_ROOT)/tests/,migrate memory vmtype cmma)
QEMU_OBJS := build/tests/qemu/qemu.o $(LIB)

$(addprefix $(QEMU_ROOT)/,tests guest lib):
	@mkdir -p $@

$(QEMU_ROOT)/guest/walker.elf: $(addprefix tests/qemu/,walker-start.S walker.c walker.h walker.lds) \
		| deps $(QEMU_ROOT)/guest
	@echo "  LINK  $@"
	@$(GUEST_CC) $(SMALL_GUEST_CFLAGS) -Wl,-T,tests/qemu/walker.lds -Wl,--build-id=none \
		-Wl,--no-warn-rwx-segments -o $@ tests/qemu/walker-start.S tests/qemu/walker.c

$(QEMU_ROOT)/lib/pgmix-vmtype.so: tools/pgmix-vmtype.c $(LIB_HEADERS) | deps $(QEMU_ROOT)/lib
	@echo "  LINK  $@"
	@$(GUEST_CC) $(filter-out -static,$(GUEST_CFLAGS)) -D_GNU_SOURCE -fPIC -shared -o $@ $<

build/tests/qemu/qemu.o: tests/qemu/qemu.c $(wildcard tests/qemu/*.h) $(LIB_HEADERS) \
		| deps $(QEMU_ROOT)/tests
	@echo "  CC    $@"
	@$(GUEST_CC) $(TEST_CFLAGS) -c -o $@ $<

$(QEMU_TESTS): $(QEMU_ROOT)/tests/%: tests/qemu/%.c $(QEMU_OBJS)
	@echo "  LINK  $@"
	@$(GUEST_CC) $(TEST_CFLAGS) -s -o $@ $(filter-out %.h,$^)

pgmix-vmtype: $(QEMU_ROOT)/lib/pgmix-vmtype.so
	@echo $(abspath $<)

qemu-tests: $(QEMU_TESTS) $(QEMU_ROOT)/guest/walker.elf $(QEMU_ROOT)/lib/pgmix-vmtype.so
	@arch-s390/qemu-root

check-qemu: image qemu-host initramfs qemu-tests
	@tests/qemu/suite $(KERNEL)

CHECKS += check-qemu
.PHONY: run-qemu check-guest-files pgmix-vmtype qemu-tests
