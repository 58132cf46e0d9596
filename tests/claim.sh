# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# claim.sh - claims that hold or not, a line each, and their count.
#
# Sourced by tests/package and tests/image.

num_held=0 num_broken=0
claim_log=$(mktemp)

# claim SENTENCE COMMAND...: it holds where the command ends with 0; what it said is in
# $claim_log.
claim() {
	local sentence=$1
	shift
	if "$@" >"$claim_log" 2>&1; then
		num_held=$((num_held + 1))
		echo "  held: $sentence"
	else
		num_broken=$((num_broken + 1))
		echo "BROKEN: $sentence"
		tail -n 40 "$claim_log" | sed 's/^/   | /'
		return 1
	fi
}

# eventually COMMAND...: within a minute.
eventually() {
	for _ in {1..240}; do
		"$@" && return 0
		sleep 0.25
	done
	return 1
}

# says_nothing COMMAND...: it ends with 0 and without a word.
says_nothing() {
	local told status=0
	told=$("$@" 2>&1) || status=1
	echo "$told"
	[ $status = 0 ] && [ -z "$told" ]
}

# claim_count: the last line. Status: 0 when all held, and there were some.
claim_count() {
	rm -f "$claim_log"
	echo "$num_held passed, $num_broken failed, 0 skipped"
	[ $num_broken = 0 ] && [ $num_held != 0 ]
}
