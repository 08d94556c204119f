# SPDX-License-Identifier: GPL-2.0
# What can be found without running anything.

check-lint: deps
	@tests/lint/check $(KERNEL)

CHECKS += check-lint
PACKAGES += shellcheck sparse
.PHONY: check-lint
