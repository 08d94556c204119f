# SPDX-License-Identifier: GPL-2.0
# A Debian system with our packages: make run-debian, and the tests.

DEBIAN_PACKAGES := e2fsprogs fakeroot mmdebstrap uidmap

build/debian/nojit.so: tests/debian/nojit.c | deps
	@echo "  LINK  $@"
	@mkdir -p $(@D)
	@$(GUEST_CC) -O2 -Wall -Wextra -march=z10 -shared -fPIC -o $@ $<

build-debian: tools-deb initramfs build/debian/nojit.so
	@arch-s390/need $(DEB_PACKAGES) $(DEBIAN_PACKAGES)

# On QEMU TCG; on MACHINE=hercules with a guest by libvirt.
run-debian: build-debian
	@tests/debian/run $(if $(filter hercules,$(MACHINE)),libvirt,boot)

.PHONY: run-debian
