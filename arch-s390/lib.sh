# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Shared by the scripts of arch-s390/: where things are, progress lines with
# elapsed time, one error line, a lock. Source it; it changes to the top.

set -eu
# A kernel make must not see the variables of ours.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
cd "${0%/*}/.."
TOP=$(pwd)
BUILD=${BUILD:-$TOP/build}
. arch-s390/linux.sh
# How a user asks for the same Linux again.
# shellcheck disable=SC2034
ASKED="$([ "$LINUX" = 6.1 ] || echo " LINUX=$LINUX")${SOURCE:+ SOURCE=$SOURCE}"
LOGDIR=$WHERE/log
START=${START:-$(date +%s)}
export BUILD LINUX SOURCE START

say() {
	now=$(($(date +%s) - START))
	printf '[%d:%02d] %s\n' $((now / 60)) $((now % 60)) "$*" >&2
}

die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# Each series of Linux that the code fits has a fragment of configuration, if nothing else.
[ -f "arch-s390/config/linux-$LINUX.config" ] ||
	die "LINUX=$LINUX: not one of$(find arch-s390/config -name 'linux-*' | sed 's/.*linux-\(.*\)\.config/ \1/' | sort -V | tr -d '\n')"
case $SOURCE in ''|"$LINUX".*) ;; *) die "SOURCE=$SOURCE: no version of linux-source-$LINUX" ;; esac
mkdir -p "$LOGDIR"

# Lists the files that a folder has for this Linux: its own, and those of its linux-$LINUX,
# which stand in for those of the same name.
files() {
	for dir in "$1/linux-$LINUX" "$1"; do
		[ ! -d "$dir" ] || (
			cd "$dir"
			find . -maxdepth 1 -type f
			[ ! -d include ] || find ./include -type f
		) | sed "s|^\./|$dir |"
	done | LC_ALL=C sort -s -k 2 | awk '!seen[$2]++ { print $1 "/" $2 }'
}

# One build at a time: the lock is held by descriptor 9 until the script ends.
lock() {
	exec 9>"$BUILD/.lock.$1"
	flock -n 9 && return
	say "waiting for another make that builds $1"
	flock 9
}

# Run a command with its output in a log, say every half minute that it still
# runs, and show the lines that matter if it fails.
logged() {
	what=$1 log=$2
	shift 2
	say "$what"
	(
		n=0
		while sleep 1; do
			n=$((n + 1))
			[ $((n % 30)) -ne 0 ] || say "  still: $what ($(wc -l <"$log") lines in ${log#"$TOP"/})"
		done
	) 9>&- &
	ticker=$!
	rc=0
	"$@" >"$log" 2>&1 9>&- || rc=$?
	kill $ticker 2>/dev/null
	wait $ticker 2>/dev/null || :
	[ $rc -eq 0 ] && return
	grep -nE 'error|Error|undefined|No such|\*\*\*' "$log" | tail -n 20 >&2 || tail -n 20 "$log" >&2
	die "$what: failed, whole log in ${log#"$TOP"/}"
}
