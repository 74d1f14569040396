#!/bin/sh
# The benchmark still runs, with a small model, and prints a row per case in which no element is
# wrong.
set -eu
"$1" --repetitions=2 --shrink=1000 3 >"$TEST_TMPDIR/output"
cat "$TEST_TMPDIR/output"
rows=$(grep -Ec '^(all-reduce|push|pull), .*( +[0-9.]+){8} +0$' "$TEST_TMPDIR/output")
test "$rows" = 9
if "$1" 1 2>"$TEST_TMPDIR/errors"; then exit 1; fi
grep -q 'at least 2 ranks' "$TEST_TMPDIR/errors"
