# SPDX-License-Identifier: GPL-2.0
# Tests of arch-s390/: what the scripts make of the semantic patches.

check-drift: deps
	@tests/tree/drift

CHECKS += check-drift
