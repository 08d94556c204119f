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
	@tests/qemu/run

# Before anything is built.
check-guest-files:
	@tests/qemu/run check

# --- tests: laid over QEMU and the initramfs ----------------------------------

QEMU_ROOT := build/tests/qemu/root
QEMU_TESTS := $(addprefix $(QEMU_ROOT)/tests/,migrate memory vmtype cmma)
QEMU_OBJS := $(addprefix build/tests/,qemu/qemu.o tap.o scene.o guest/vmm.o guest/kmsg.o guest/image.o)

$(addprefix $(QEMU_ROOT)/,tests guest lib):
	@mkdir -p $@

$(QEMU_ROOT)/guest/walker.elf: $(addprefix tests/qemu/,walker-start.S walker.c walker.h walker.lds) \
		| deps $(QEMU_ROOT)/guest
	@echo "  LINK  $@"
	@$(GUEST_CC) $(SMALL_GUEST_CFLAGS) -Wl,-T,tests/qemu/walker.lds -Wl,--build-id=none \
		-Wl,--no-warn-rwx-segments -o $@ tests/qemu/walker-start.S tests/qemu/walker.c

$(QEMU_ROOT)/lib/pgmix-vmtype.so: tests/qemu/pgmix-vmtype.c $(VMM_HEADERS) | deps $(QEMU_ROOT)/lib
	@echo "  LINK  $@"
	@$(GUEST_CC) $(filter-out -static,$(GUEST_CFLAGS)) -D_GNU_SOURCE -fPIC -shared -o $@ $<

build/tests/qemu/qemu.o: tests/qemu/qemu.c $(wildcard tests/qemu/*.h tests/system/*.h) $(VMM_HEADERS) \
		| deps $(QEMU_ROOT)/tests
	@echo "  CC    $@"
	@$(GUEST_CC) $(VMM_CFLAGS) -c -o $@ $<

$(QEMU_TESTS): $(QEMU_ROOT)/tests/%: tests/qemu/%.c $(QEMU_OBJS)
	@echo "  LINK  $@"
	@$(GUEST_CC) $(VMM_CFLAGS) -s -o $@ $(filter-out %.h,$^)

pgmix-vmtype: $(QEMU_ROOT)/lib/pgmix-vmtype.so
	@echo $(abspath $<)

qemu-tests: $(QEMU_TESTS) $(QEMU_ROOT)/guest/walker.elf $(QEMU_ROOT)/lib/pgmix-vmtype.so
	@arch-s390/qemu-root

check-qemu: image qemu-host initramfs qemu-tests
	@tests/qemu/suite $(KERNEL)

CHECKS += check-qemu
.PHONY: run-qemu check-guest-files pgmix-vmtype qemu-tests
