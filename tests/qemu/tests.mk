# SPDX-License-Identifier: GPL-2.0
# Debian's QEMU as the client: `make run-qemu` and the tests.

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

# --- tests: QEMU, its guest and the preload library beside each program ---------

QEMU_ROOT := build/tests/qemu/root
QEMU_FILES := $(addprefix $(QEMU_ROOT)/,guest/walker.elf lib/pgmix-vmtype.so)

$(QEMU_ROOT)/guest $(QEMU_ROOT)/lib:
	@mkdir -p $@

$(QEMU_ROOT)/guest/walker.elf: $(addprefix tests/qemu/,walker-start.S walker.c walker.h walker.lds) \
		| deps $(QEMU_ROOT)/guest
	@echo "  LINK  $@"
	@$(GUEST_CC) $(SMALL_GUEST_CFLAGS) -Wl,-T,tests/qemu/walker.lds -Wl,--build-id=none \
		-Wl,--no-warn-rwx-segments -o $@ tests/qemu/walker-start.S tests/qemu/walker.c

$(QEMU_ROOT)/lib/pgmix-vmtype.so: tools/pgmix-vmtype.c $(LIB_HEADERS) | deps $(QEMU_ROOT)/lib
	@echo "  LINK  $@"
	@$(GUEST_CC) $(filter-out -static,$(GUEST_CFLAGS)) -D_GNU_SOURCE -fPIC -shared -s -o $@ $<

pgmix-vmtype: $(QEMU_ROOT)/lib/pgmix-vmtype.so
	@echo $(abspath $<)

build/tests/qemu/qemu.o: tests/qemu/qemu.c $(wildcard tests/qemu/*.h) $(LIB_HEADERS) | deps $(QEMU_ROOT)/lib
	@echo "  CC    $@"
	@$(GUEST_CC) $(TEST_CFLAGS) -c -o $@ $<

$(call programs_of,qemu): build/tests/qemu/qemu.o

build-qemu: qemu-common
qemu-common: qemu-host $(QEMU_FILES)
	@arch-s390/qemu-root
	@mkdir -p build/root/qemu
	@rm -rf build/root/qemu/common
	@cp -al build/qemu/root build/root/qemu/common
	@cp -a $(QEMU_ROOT)/. build/root/qemu/common

.PHONY: qemu-common run-qemu check-guest-files pgmix-vmtype
