#!/bin/bash
# Without a GPU, gpu_check says of everything that it was not run, and of nothing that it passed.
set -eu
if [ -e /dev/nvidiactl ]; then
  echo "not run: this machine has a GPU, where gpu_check itself is the test"
  exit 0
fi
"$1" --output="$TEST_TMPDIR" --programs=. >"$TEST_TMPDIR/log"
cat "$TEST_TMPDIR/log"
grep -q '^0 passed, 0 failed, [0-9]* not run; no GPU' "$TEST_TMPDIR/gpu_check.txt"
python3 - "$TEST_TMPDIR/gpu_check.json" <<'END'
import json, sys
checks = json.load(open(sys.argv[1]))["checks"]
assert checks and all(row["status"] == "not run" and row["reason"] for row in checks), checks
END
