#!/bin/sh
# Every C++ file of the workspace is as clang-format would have it.
set -eu
root=$(dirname "$(readlink -f WORKSPACE)")
cd "$root"
find core backends sim experiments analysis tools -name '*.cc' -o -name '*.h' | sort >"$TEST_TMPDIR/files"
test -s "$TEST_TMPDIR/files"
if ! xargs clang-format --dry-run --Werror <"$TEST_TMPDIR/files"; then
  echo "mend it with: clang-format -i FILE" >&2
  exit 1
fi
echo "$(wc -l <"$TEST_TMPDIR/files") files"
