# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Shared by the shell parts of tests/. Source it; it changes to the top of the repository.

set -eu
cd "${0%/*}"
while [ ! -f arch-s390/lib.sh ]; do cd ..; done
BUILD=build
. arch-s390/linux.sh
OUT=${OUT:-$WHERE/check}
mkdir -p "$OUT"

die() {
	echo "error: $*" >&2
	exit 1
}

number() {
	case $2 in ''|*[!0-9]*) die "$1=$2: not a number" ;; esac
}

# STATUS NAME [LOG]: a line of TAP, and the end of LOG if it is a failure.
tap_n=0 tap_failed=0
tap() {
	tap_n=$((tap_n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_n - $2"
		return
	fi
	echo "not ok $tap_n - $2${3:+ # $3}"
	[ -z "${3:-}" ] || tail -n 20 "$3" | sed 's/^/# /'
	tap_failed=1
}
tap_end() {
	echo "1..$tap_n"
	exit $tap_failed
}

# NAME: without the series that it begins with, if it is of this Linux alone; fails if of another.
of_linux() {
	case $1 in
	"$LINUX "*) echo "${1#* }" ;;
	[0-9]*) return 1 ;;
	*) echo "$1" ;;
	esac
}

# NAME TEST MACHINE CPUS KERNEL: the program build/root/NAME/test with the argument TEST (or
# none) in a system booted for it; what the programs of its suite share is laid over too.
boot_test() {
	extra=build/root/$1
	[ ! -d "build/root/${1%%/*}/common" ] || extra=$extra:build/root/${1%%/*}/common
	if [ "$3" = kvm ]; then
		export HOST_APPEND="kvm.nested=1" MEM="${MEM:-768}"
		APPEND="hercules ${APPEND:-}"
	fi
	MACHINE=$3 CPUS=$4 KERNEL=$5 APPEND=${APPEND:-} EXTRA=$extra CMD="/test ${2:+'$2'}" arch-s390/boot
}
