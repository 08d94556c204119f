# SPDX-License-Identifier: GPL-2.0
# Tests of arch-s390/: what the scripts make of the semantic patches.

# Each step of the series compiles: an hour, not part of make check.
check-series: deps
	@tests/tree/steps

# Versions of Linux that apt has.
check-versions: deps initramfs
	@SOURCE= tests/tree/versions $(SOURCE)

TEST_PACKAGES += git patch
.PHONY: check-series check-versions
