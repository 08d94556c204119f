# SPDX-License-Identifier: GPL-2.0
# Random calls of mm and KVM, for as long as one likes:
#   make fuzz MINUTES=60 SEED=1 KERNEL=run|debug|stock FAULTS=1
# one seed again:
#   make fuzz SEED=1 SECONDS=60
# One run alone: make shell EXTRA=build/tests/system CMD='FUZZ_SEED=7 /tests/fuzz 2'

SEED ?= $(shell date +%s)
FAULTS ?=
SECONDS ?=
COUNT ?= 20
export FAULTS
# of `make check`: two minutes
FUZZ_SEEDS := 1 2 3
FUZZ_PROGS := $(addprefix build/tests/system/tests/,fuzz differ found)
FUZZ_OBJS := $(addprefix build/tests/fuzz/,fuzz.o mm.o kvm.o machine.o code.o random.o)
DIFFER_OBJS := $(addprefix build/tests/fuzz/,differ.o code.o random.o)

build/tests/fuzz/%.o: tests/fuzz/%.c tests/fuzz/fuzz.h $(LIB_HEADERS) | deps
	@mkdir -p $(@D)
	@echo "  CC    $@"
	@$(GUEST_CC) $(TEST_CFLAGS) -c -o $@ $<

build/tests/system/tests/fuzz: $(FUZZ_OBJS) $(LIB) | build/tests/system/tests
build/tests/system/tests/found: build/tests/fuzz/found.o $(LIB) | build/tests/system/tests
build/tests/system/tests/differ: $(DIFFER_OBJS) $(LIB) | build/tests/system/tests
$(FUZZ_PROGS):
	@echo "  LINK  $@"
	@$(GUEST_CC) $(TEST_CFLAGS) -s -o $@ $^

fuzz-tests: $(FUZZ_PROGS)

# SECONDS of each scene with this one seed, or seeds from SEED on for MINUTES.
fuzz: image initramfs $(FUZZ_PROGS)
	@tests/fuzz/run $(if $(SECONDS),$(SECONDS) $(SEED),$(MINUTES) $(SEED)+)

check-fuzz: image initramfs $(FUZZ_PROGS)
	@tests/system/run hercules 2 $(KERNEL) found
	@tests/fuzz/run 12 $(FUZZ_SEEDS)

# COUNT seeds from SEED on; in `make check` always the same ones.
check-differ: image initramfs $(FUZZ_PROGS)
	@arch-s390/kernel stock >/dev/null
	@tests/fuzz/check-differ $(if $(filter command line,$(origin SEED)),$(SEED),1) $(COUNT)

CHECKS += check-fuzz check-differ
.PHONY: fuzz-tests fuzz check-fuzz check-differ
