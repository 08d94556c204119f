# SPDX-License-Identifier: GPL-2.0
# Unit tests: the allocator, the replacement of tables, the mode of a process and
# their headers as they are, compiled into a program behind include/standin*.h.
# Included by the top Makefile.

TEST_PACKAGES	+= check libsubunit-dev qemu-user

UNIT		:= tests/unit
# Of the files of one Linux those of LINUX=, to where arch-s390/linux.sh says.
UNIT_WHERE	:= $(shell LINUX=$(LINUX) SOURCE=$(SOURCE) BUILD=build; . arch-s390/linux.sh; echo "$$LINUX $$WHERE")
UNIT_LINUX	:= linux-$(firstword $(UNIT_WHERE))
UNIT_OUT	:= $(lastword $(UNIT_WHERE))/unit
UNIT_CC		?= gcc
UNIT_S390X_CC	?= s390x-linux-gnu-gcc

UNIT_CODE	:= pgste/pgalloc.c pgste/replace.c gmap/mode.c
UNIT_SRC	:= $(wildcard $(UNIT)/*.c $(UNIT)/$(UNIT_LINUX)/*.c) $(UNIT_CODE)
UNIT_DEP	:= $(UNIT_SRC) $(UNIT)/tests.mk $(wildcard $(UNIT)/*.h $(UNIT)/include/*.h) \
		   $(wildcard $(UNIT)/include/*/*.h $(UNIT)/include/*/*/*.h) \
		   $(wildcard $(UNIT)/$(UNIT_LINUX)/include/*.h $(UNIT)/$(UNIT_LINUX)/include/*/*.h) \
		   $(wildcard pgste/include/asm/*.h gmap/include/asm/*.h) \
		   $(wildcard pgste/$(UNIT_LINUX)/*.h pgste/$(UNIT_LINUX)/include/asm/*.h) \
		   $(wildcard gmap/$(UNIT_LINUX)/include/asm/*.h)
UNIT_FLAGS	:= -std=gnu11 -O1 -g -Wall -Wextra -Wno-unused-parameter \
		   -fno-strict-aliasing -pthread -I$(UNIT) -I$(UNIT)/include \
		   -I$(UNIT)/$(UNIT_LINUX)/include
UNIT_HEADERS	:= -Ipgste/include -Igmap/include -Ipgste/$(UNIT_LINUX) \
		   -Ipgste/$(UNIT_LINUX)/include -Igmap/$(UNIT_LINUX)/include
UNIT_LIBS	:= -lcheck_pic -lsubunit -lrt -lm
# TSan does not know the addresses that some kernels give at random.
UNIT_TSAN_RUN	= $(shell setarch -R true 2>/dev/null && echo setarch -R)

# On this machine, with ASan and UBSan; those with threads, with TSan; all as a big-endian
# s390x program. And for tests/unit/check-mutants what the compiler needs.
build-unit: $(addprefix $(UNIT_OUT)/,asan tsan s390x settings)

$(UNIT_OUT)/settings: $(UNIT)/tests.mk
	@mkdir -p $(@D)
	@printf '%s\n' "UNIT_CC='$(UNIT_CC)' UNIT_CODE='$(UNIT_CODE)' UNIT_FLAGS='$(UNIT_FLAGS) -O0 -g0'" \
		"UNIT_HEADERS='$(UNIT_HEADERS)'" "UNIT_LIBS='$(UNIT_LIBS)' UNIT_TSAN_RUN='$(UNIT_TSAN_RUN)'" >$@

$(UNIT_OUT)/asan: UNIT_SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all
$(UNIT_OUT)/tsan: UNIT_SANITIZE = -fsanitize=thread
$(UNIT_OUT)/asan $(UNIT_OUT)/tsan: $(UNIT_DEP) | test-deps
	@mkdir -p $(@D)
	@echo "# building $@"
	@$(UNIT_CC) $(UNIT_FLAGS) $(UNIT_SANITIZE) $(UNIT_HEADERS) -o $@ $(UNIT_SRC) $(UNIT_LIBS)

$(UNIT_OUT)/s390x: $(UNIT_DEP) | test-deps
	@mkdir -p $(@D)
	@arch-s390/s390x-deb check libsubunit-dev
	@echo "# building $@"
	@$(UNIT_S390X_CC) $(UNIT_FLAGS) -static -idirafter build/s390x/check/usr/include \
		$(UNIT_HEADERS) -o $@ $(UNIT_SRC) -Lbuild/s390x/check/usr/lib/s390x-linux-gnu \
		-Lbuild/s390x/libsubunit-dev/usr/lib/s390x-linux-gnu $(UNIT_LIBS)
