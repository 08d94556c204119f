# SPDX-License-Identifier: GPL-2.0
# The small guest, the VMM library around it, and the demo of `make run`.

VMM_DIR := build/tests/guest
VMM_OBJS := $(addprefix $(VMM_DIR)/,vmm.o kmsg.o image.o)
VMM_CFLAGS = $(GUEST_CFLAGS) -D_GNU_SOURCE -pthread
VMM_HEADERS := $(wildcard tests/guest/*.h sysctl/include/uapi/asm/*.h)

# Freestanding, at real address 0, no floating point: nobody has enabled it there.
SMALL_GUEST_CFLAGS := -O2 -Wall -Wextra -march=z10 -msoft-float -ffreestanding -nostdlib -static \
	-fno-pic -no-pie -fno-asynchronous-unwind-tables -fno-stack-protector \
	-fno-tree-loop-distribute-patterns

$(VMM_DIR):
	@mkdir -p $@

$(VMM_DIR)/guest.elf: $(addprefix tests/guest/,start.S guest.c guest.h guest.lds) | deps $(VMM_DIR)
	@echo "  LINK  $@"
	@$(GUEST_CC) $(SMALL_GUEST_CFLAGS) -Wl,-T,tests/guest/guest.lds -Wl,--build-id=none \
		-Wl,--no-warn-rwx-segments -o $@ tests/guest/start.S tests/guest/guest.c

$(VMM_DIR)/guest.bin: $(VMM_DIR)/guest.elf
	@s390x-linux-gnu-objcopy -O binary $< $@

$(VMM_DIR)/image.o: tests/guest/image.S $(VMM_DIR)/guest.bin
	@echo "  CC    $@"
	@$(GUEST_CC) -c -Wa,-I$(VMM_DIR) -o $@ $<

$(VMM_DIR)/%.o: tests/guest/%.c $(VMM_HEADERS) | deps $(VMM_DIR)
	@echo "  CC    $@"
	@$(GUEST_CC) $(VMM_CFLAGS) -c -o $@ $<

GUEST_PROGS += $(GUEST_BIN_DIR)/demo
$(GUEST_BIN_DIR)/demo: tests/guest/demo.c $(VMM_OBJS) | $(GUEST_BIN_DIR)
	@echo "  LINK  $@"
	@$(GUEST_CC) $(VMM_CFLAGS) -s -o $@ $^
