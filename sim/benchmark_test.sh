#!/bin/sh
# The benchmark still runs, in small worlds, and prints a row per case.
set -eu
"$1" --ranks-max=128 >"$TEST_TMPDIR/output"
cat "$TEST_TMPDIR/output"
# Name, ranks, steps, virtual time, messages, processor time, goal, events, rate, memory twice.
for name in ps_65536 ps_1048576 ps_1048576_jitter ps_4096_64servers ps_4096_64_racks ring_1024 ring_4096 ddp_65536; do
  grep -Eq "^$name +128 +[0-9]+ +[0-9]+\.[0-9]*[1-9][0-9]* ( *[0-9.]+){7}$" "$TEST_TMPDIR/output"
done
if "$1" no_such_case 2>"$TEST_TMPDIR/errors"; then exit 1; fi
grep -q no_such_case "$TEST_TMPDIR/errors"
