# SPDX-License-Identifier: GPL-2.0
# Nested guests: the small hypervisor, as data of the test program.

NESTED_DIR := build/tests/nested
NESTED_OBJS := $(addprefix $(NESTED_DIR)/,nest.o image.o)

$(NESTED_DIR):
	@mkdir -p $@

# Its own jobs are the small guest's.
$(NESTED_DIR)/jobs.o: tests/lib/guest.c tests/lib/guest.h | deps $(NESTED_DIR)
	@echo "  CC    $@"
	@$(GUEST_CC) $(SMALL_GUEST_CFLAGS) -Dguest_main=own_job -c -o $@ $<

$(NESTED_DIR)/hypervisor.elf: tests/lib/start.S tests/nested/sie.S tests/nested/hypervisor.c \
		$(NESTED_DIR)/jobs.o tests/nested/nested.h $(LIB_HEADERS) tests/lib/guest.lds
	@echo "  LINK  $@"
	@$(GUEST_CC) $(SMALL_GUEST_CFLAGS) -Wl,-T,tests/lib/guest.lds -Wl,--build-id=none \
		-Wl,--no-warn-rwx-segments -o $@ $(filter %.S %.c %.o,$^)

$(NESTED_DIR)/hypervisor.bin: $(NESTED_DIR)/hypervisor.elf
	@s390x-linux-gnu-objcopy -O binary $< $@

$(NESTED_DIR)/image.o: tests/nested/image.S $(NESTED_DIR)/hypervisor.bin
	@echo "  CC    $@"
	@$(GUEST_CC) -c -Wa,-I$(NESTED_DIR) -o $@ $<

$(NESTED_DIR)/nest.o: tests/nested/nest.c $(wildcard tests/nested/*.h) $(LIB_HEADERS) | deps $(NESTED_DIR)
	@echo "  CC    $@"
	@$(GUEST_CC) $(TEST_CFLAGS) -c -o $@ $<

$(call programs_of,nested): $(NESTED_OBJS)

# tests/nested/linux: three times Linux
build-nested: qemu-host
