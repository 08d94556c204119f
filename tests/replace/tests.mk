# SPDX-License-Identifier: GPL-2.0
# Replacement of page tables: in `make check` for some hundred tables, for longer by
#   make soak MINUTES=60

MINUTES ?= 60

soak: test-deps
	@tests/replace/soak $(MINUTES)

# tests/replace/model
TEST_PACKAGES += spin
.PHONY: soak
