# SPDX-License-Identifier: GPL-2.0
# Debian's QEMU as the client: `make run-qemu` and its tests.

GUEST_KERNEL ?=
GUEST_INITRD ?=
QEMU_ARGS ?=
override QEMU_ARGS := $(value QEMU_ARGS)
export GUEST_KERNEL GUEST_INITRD QEMU_ARGS

run-qemu: check-guest-files image initramfs
	@arch-s390/qemu-root
	@tests/qemu/run

# Before anything is built.
check-guest-files:
	@tests/qemu/run check

.PHONY: run-qemu check-guest-files
