# SPDX-License-Identifier: GPL-2.0
# The controls run programs of other suites.
build-control: build-system build-replace
