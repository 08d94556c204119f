# SPDX-License-Identifier: GPL-2.0
# The benchmark: programs, `make bench`, `make bench-compare`, and the tests of
# the benchmark itself. Included by the top Makefile.

TEST_PACKAGES	+= gnuplot-nox libjson-c-dev

BENCH		:= tests/bench
BENCH_OUT	:= build/bench
OLD		?=
NEW		?= $(BENCH_OUT)/report.json

GUEST_PROGS	+= $(GUEST_BIN_DIR)/bench
$(GUEST_BIN_DIR)/bench: $(BENCH)/bench.c $(BENCH)/kvm.c $(BENCH)/kvm.h tests/kernel/bench.h \
			$(LIB)
	@echo "  LINK  $@"
	@$(GUEST_CC) $(TEST_CFLAGS) -s -o $@ $(filter %.c %.a,$^)

$(BENCH_OUT):
	@mkdir -p $@
$(BENCH_OUT)/report: $(BENCH)/report.c | test-deps $(BENCH_OUT)
	@echo "  CC    $@"
	@gcc -std=gnu11 -O2 -g -Wall -Wextra -o $@ $< -ljson-c -lm

# The default machine of this target is not that of the others.
BENCH_MACHINE	:= $(if $(filter command environment,$(firstword $(origin MACHINE))),$(MACHINE),tcg)

bench: test-deps initramfs $(BENCH_OUT)/report
	@MACHINE=$(BENCH_MACHINE) QUICK=$(QUICK) CONFIG=$(CONFIG) MORE=$(MORE) $(BENCH)/run

bench-compare: $(BENCH_OUT)/report
	@[ -n "$(OLD)" ] || { echo "error: bench-compare needs OLD=report.json" >&2; exit 1; }
	@$(BENCH_OUT)/report compare $(OLD) $(NEW)

build-bench: $(BENCH_OUT)/report

.PHONY: bench bench-compare
