# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# For the tests of arch-s390/: results, and a copy of the repository to spoil.

BUILD=build
. arch-s390/linux.sh
n=0 failed=0
out=$(pwd)/$WHERE/check/tree
mkdir -p "$out"

# ok NAME COMMAND...: the test holds if the command succeeds.
ok() {
	n=$((n + 1)) name=$1
	shift
	if "$@"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name: $*"
		failed=$((failed + 1))
	fi
}

finish() {
	echo "1..$n"
	[ $failed -eq 0 ] || { echo "error: $failed of $n FAILED, see ${out#"$(pwd)"/}" >&2; exit 1; }
	[ $n -ne 0 ] || { echo "error: no test ran" >&2; exit 1; }
}

# copy DIR: the repository with an unpacked Linux of its own and no tree yet. What the
# rules were seen to make of a text is shared.
copy() {
	rm -rf "$1"
	mkdir -p "$1/$WHERE"
	git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$1" 2>/dev/null || :
	cp -al "$WHERE/linux" "$1/$WHERE/linux"
	ln -s "$(pwd)/build/grafted" "$1/build/grafted"
}

# edit FILE SED: changes a file of a copy, which is a link.
edit() {
	sed "$2" "$1" >"$1.edited"
	! cmp -s "$1" "$1.edited" || { echo "error: $2 changes nothing in $1" >&2; exit 1; }
	mv "$1.edited" "$1"
}
