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
# Of another version of Linux (SOURCE) the tree and the kernels have a place of their own.
SOURCE=${SOURCE:-}
WHERE=$BUILD${SOURCE:+/versions/$SOURCE}
LOGDIR=$WHERE/log
mkdir -p "$LOGDIR"
START=${START:-$(date +%s)}
export BUILD SOURCE START

say() {
	now=$(($(date +%s) - START))
	printf '[%d:%02d] %s\n' $((now / 60)) $((now % 60)) "$*" >&2
}

die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
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
