# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Which Linux: a series (LINUX), and of it what is installed, or a version that apt has (SOURCE).
# WHERE, below $BUILD, are its tree, its kernels and what its tests say: build for the default.
LINUX=${LINUX:-6.1}
SOURCE=${SOURCE:-}
case $LINUX in 6.1) PLACE=$SOURCE ;; *) PLACE=${SOURCE:-$LINUX} ;; esac
# shellcheck disable=SC2034 # its users source this
WHERE=$BUILD${PLACE:+/versions/$PLACE}
