# SPDX-License-Identifier: GPL-2.0
# pgmix: KVM for s390x with page tables of both kinds in one process.
# What a user calls; the work is done by the scripts of arch-s390/.

# The user's command is the guest shell's, a $ in it is not make's.
override CMD := $(value CMD)
# What is not given has its default where it is used.
export LINUX SOURCE MACHINE KERNEL CPUS MEM LOGLEVEL TIMEOUT EXTRA APPEND CMD SEED JOBS

# For the fragments tests/*/tests.mk: programs for the booted system go to
# GUEST_BIN_DIR (its /bin) and are listed in GUEST_PROGS; Debian packages that only
# tests need in TEST_PACKAGES.
GUEST_BIN_DIR := build/guest
GUEST_CC := s390x-linux-gnu-gcc
GUEST_CFLAGS := -O2 -g -Wall -Wextra -static -march=z10 -Isysctl/include/uapi
GUEST_PROGS :=
# The tests build several kernels, which have many objects in common.
TEST_PACKAGES := ccache
PACKAGES := bc bison coccinelle cpio flex gcc gcc-s390x-linux-gnu hercules libc6-dev \
	libc6-dev-s390x-cross linux-source-$(or $(LINUX),6.1) qemu-system-misc xz-utils

help:
	@cat arch-s390/help

include tests/lib/tests.mk
-include $(filter-out tests/lib/%,$(wildcard tests/*/tests.mk))
-include tools/tools.mk

deps:
	@arch-s390/need $(PACKAGES)

$(GUEST_PROGS): | deps $(GUEST_BIN_DIR)
$(GUEST_BIN_DIR):
	@mkdir -p $@

initramfs: deps $(GUEST_PROGS)
	@arch-s390/initramfs

kernel: deps
	@arch-s390/kernel $(or $(KERNEL),run)

image: deps
	@arch-s390/kernel $(or $(KERNEL),run) >/dev/null

# MACHINE=kvm where the host has no KVM for s390x: our kernel on Hercules, and QEMU in it.
qemu-host: deps
	@[ "$$(uname -m)" = s390x ] || { arch-s390/kernel run >/dev/null && arch-s390/qemu-root; }
ifeq ($(MACHINE),kvm)
image: qemu-host
endif

shell: image initramfs
	@arch-s390/boot

run: image initramfs
	@CMD=demo arch-s390/boot

test-deps:
	@arch-s390/need $(PACKAGES) $(TEST_PACKAGES)

# A suite, a program, a test, or a shell pattern: see docs/developing.md.
test: test-deps
	@[ -n "$(T)" ] || { echo "error: which test? make test T=NAME, see: make test-list" >&2; exit 1; }
	@set -f; tests/run $(T)

test-list: test-deps
	@set -f; tests/run --list $(T)

check: test-deps
	@tests/run --all

diff: deps
	@arch-s390/show-diff $(if $(filter stock floor,$(KERNEL)),stock,mixed)

# For Debian's complete linux-source: one diff, or steps for git am.
patch: deps
	@arch-s390/series patch
series: deps
	@arch-s390/series

# The kernel as Debian packages for s390x: hours.
deb: deps
	@arch-s390/need $(DEB_PACKAGES)
	@arch-s390/deb
deb-configure: deps
	@arch-s390/need $(DEB_PACKAGES)
	@arch-s390/deb configure
# Made twice: the same to the byte?
check-deb: tools-deb
	@arch-s390/need $(DEB_PACKAGES)
	@arch-s390/deb-compare
check-tools-deb: tools-deb
	@arch-s390/deb-compare tools
DEB_PACKAGES := ccache debhelper dpkg-dev fakeroot kmod libelf-dev libssl-dev patch rsync

# Functions of Linux that our code replaces or relies on: what changed, and record it.
drift: deps
	@arch-s390/drift
drift-accept: deps
	@arch-s390/drift accept

clean:
	rm -rf build

.PHONY: help deps initramfs kernel image qemu-host shell run test-deps test test-list check diff patch series deb deb-configure check-deb check-tools-deb drift drift-accept clean
