# SPDX-License-Identifier: GPL-2.0
# Replacement of page tables: in `make check` for some hundred tables, for longer by
#   make soak MINUTES=60
# One alone: make shell EXTRA=build/tests/system CMD='STRESS_SEED=7 /tests/stress 2'

MINUTES ?= 60
REPLACE_PROGS := $(addprefix build/tests/system/tests/,replace levels frames log vmas stress)

$(REPLACE_PROGS): build/tests/system/tests/%: tests/replace/%.c $(LIB) | build/tests/system/tests
	@echo "  LINK  $@"
	@$(GUEST_CC) $(TEST_CFLAGS) -s -o $@ $^

replace-tests: $(REPLACE_PROGS)

check-replace: image initramfs $(REPLACE_PROGS)
	@tests/replace/suite

# Also long: KASAN, on TCG.
check-kasan: initramfs $(REPLACE_PROGS) system-tests
	@arch-s390/kernel kasan >/dev/null
	@tests/replace/suite-debug kasan tcg ordinary stress

# Data races, on TCG. Each report fails its test, also one of a race that stock Linux has.
check-kcsan: initramfs $(REPLACE_PROGS) system-tests
	@arch-s390/kernel kcsan >/dev/null
	@tests/replace/suite-debug kcsan tcg ordinary stress

# All that KERNEL=debug sees and more: minutes to boot.
check-sanitize: initramfs $(REPLACE_PROGS) system-tests
	@arch-s390/kernel sanitize >/dev/null
	@tests/replace/suite-debug sanitize hercules ordinary replace stress huge

# One allocation of 300 fails, whoever asks.
check-failing: initramfs $(REPLACE_PROGS)
	@arch-s390/kernel debug >/dev/null
	@APPEND=STRESS_FAIL=300 tests/replace/suite-debug debug hercules stress

# Every walker and every lock, on a kernel that checks them.
check-debug: initramfs $(REPLACE_PROGS) system-tests
	@arch-s390/kernel debug >/dev/null
	@tests/replace/suite-debug debug hercules replace log vmas stress parts admission swap

check-model: deps
	@tests/replace/model/check

soak: image initramfs $(REPLACE_PROGS)
	@tests/replace/soak $(MINUTES)

CHECKS += check-replace check-debug check-model
PACKAGES += spin
.PHONY: replace-tests check-replace check-debug check-kasan check-kcsan check-sanitize \
	check-failing check-model soak
