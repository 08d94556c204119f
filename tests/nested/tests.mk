# SPDX-License-Identifier: GPL-2.0
# Nested guests: the small hypervisor, and the tests that run it.
# One alone: make shell EXTRA=build/tests/system APPEND=kvm.nested=1 CMD='/tests/nested 3'

NESTED_DIR := build/tests/nested
NESTED_PROGS := build/tests/system/tests/nested
NESTED_OBJS := $(addprefix $(NESTED_DIR)/,nest.o image.o) $(LIB)

$(NESTED_DIR):
	@mkdir -p $@

# Its own jobs are the small guest's.
$(NESTED_DIR)/jobs.o: tests/lib/guest.c tests/lib/guest.h | deps $(NESTED_DIR)
	@echo "  CC    $@"
	@$(GUEST_CC) $(SMALL_GUEST_CFLAGS) -Dguest_main=own_job -c -o $@ $<

$(NESTED_DIR)/hypervisor.elf: tests/lib/start.S tests/nested/sie.S tests/nested/hypervisor.c \
		$(NESTED_DIR)/jobs.o tests/nested/nested.h tests/lib/guest.h tests/lib/guest.lds
	@echo "  LINK  $@"
	@$(GUEST_CC) $(SMALL_GUEST_CFLAGS) -Wl,-T,tests/lib/guest.lds -Wl,--build-id=none \
		-Wl,--no-warn-rwx-segments -o $@ $(filter %.S %.c %.o,$^)

$(NESTED_DIR)/hypervisor.bin: $(NESTED_DIR)/hypervisor.elf
	@s390x-linux-gnu-objcopy -O binary $< $@

$(NESTED_DIR)/image.o: tests/nested/image.S $(NESTED_DIR)/hypervisor.bin
	@echo "  CC    $@"
	@$(GUEST_CC) -c -Wa,-I$(NESTED_DIR) -o $@ $<

$(NESTED_DIR)/nest.o: tests/nested/nest.c tests/nested/nest.h tests/nested/nested.h \
		$(LIB_HEADERS) | deps $(NESTED_DIR)
	@echo "  CC    $@"
	@$(GUEST_CC) $(TEST_CFLAGS) -c -o $@ $<

$(NESTED_PROGS): build/tests/system/tests/%: tests/nested/%.c tests/nested/nest.h \
		tests/nested/nested.h $(NESTED_OBJS) | build/tests/system/tests
	@echo "  LINK  $@"
	@$(GUEST_CC) $(TEST_CFLAGS) -s -o $@ $(filter %.c %.o %.a,$^)

check-nested: image initramfs $(NESTED_PROGS)
	@arch-s390/qemu-root
	@tests/nested/suite

# Long: the system tests in a guest that is Linux.
soak-nested: image initramfs $(SYSTEM_PROGS)
	@arch-s390/qemu-root
	@tests/nested/soak $(SYSTEM_TESTS)

CHECKS += check-nested
.PHONY: check-nested soak-nested
