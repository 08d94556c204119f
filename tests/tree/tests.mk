# SPDX-License-Identifier: GPL-2.0
# Tests of arch-s390/: what the scripts make of the semantic patches.

check-drift: deps
	@tests/tree/drift

# The first time it unpacks all of linux-source-6.1.
check-patch: deps
	@tests/tree/series

# Each step of the series compiles: an hour, not part of make check.
check-series: deps
	@tests/tree/steps

# Versions of Linux that apt has.
check-versions: deps initramfs
	@SOURCE= tests/tree/versions $(SOURCE)

PACKAGES += git patch
CHECKS += check-drift check-patch
.PHONY: check-series check-versions
