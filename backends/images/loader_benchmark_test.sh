#!/bin/sh
# The benchmark still runs, on few images, and prints a row per case.
set -eu
"$1" --images=8 --passes=1 --image-size=64 >"$TEST_TMPDIR/output"
cat "$TEST_TMPDIR/output"
for row in training 'training, scaled decoding' validation 'loader, 2 workers'; do
  grep -Eq "^$row.* [0-9]+" "$TEST_TMPDIR/output"
done
if "$1" --data-dir="$TEST_TMPDIR/missing" 2>"$TEST_TMPDIR/errors"; then exit 1; fi
grep -q missing "$TEST_TMPDIR/errors"
