# SPDX-License-Identifier: GPL-2.0
# What can be found without running anything.

TEST_PACKAGES += shellcheck sparse
