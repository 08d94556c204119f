# SPDX-License-Identifier: GPL-2.0
# Random calls of mm and KVM, for as long as one likes:
#   make fuzz MINUTES=60 SEED=1 KERNEL=run|debug|stock FAULTS=1
# one seed again:
#   make fuzz SEED=1 SECONDS=60

FAULTS ?=
SECONDS ?=
export FAULTS

build/tests/fuzz/%.o: tests/fuzz/%.c tests/fuzz/fuzz.h $(LIB_HEADERS) | deps
	@mkdir -p $(@D)
	@echo "  CC    $@"
	@$(GUEST_CC) $(TEST_CFLAGS) -c -o $@ $<

build/root/fuzz/fuzz/test: $(addprefix build/tests/fuzz/,mm.o kvm.o machine.o code.o random.o)
build/root/fuzz/differ/test: $(addprefix build/tests/fuzz/,differ.o code.o random.o) $(LIB)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(GUEST_CC) $(TEST_CFLAGS) -s -o $@ $^

# tests/fuzz/check-differ
build-fuzz: build/root/fuzz/differ/test

# SECONDS of each scene with this one seed, or seeds from SEED on for MINUTES.
fuzz: test-deps
	@tests/fuzz/run $(if $(SECONDS),$(SECONDS) $(or $(SEED),1),$(MINUTES) $(or $(SEED),$(shell date +%s))+)

.PHONY: fuzz
