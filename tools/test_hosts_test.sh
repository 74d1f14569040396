#!/bin/bash
# Test hosts have the bandwidth that was asked for, and leave nothing behind however they end.
set -u
test_hosts=$(readlink -f "$1")
work=$TEST_TMPDIR
failures=0

check() {  # WHAT COMMAND…
  if "${@:2}"; then echo "ok      $1"; else
    echo "FAILED  $1"
    failures=$((failures + 1))
  fi
}

refuses() {  # PATTERN COMMAND…: fails with 1 and one line that matches.
  local said
  said=$("${@:2}" 2>&1)
  [ $? -eq 1 ] && [ "$(echo "$said" | wc -l)" -eq 1 ] && [[ $said =~ $1 ]] && return
  echo "said: $said"
  return 1
}

check "an unknown flag is refused" refuses 'unknown flag --hots=3' "$test_hosts" --hots=3 -- true
check "a rate without unit is refused" refuses '--rate=3: must be' "$test_hosts" --rate=3 -- true
check "no hosts are refused" refuses '--hosts=0: must be' "$test_hosts" --hosts=0 -- true
check "no command is refused" refuses 'no command' "$test_hosts" --hosts=2
check "a missing program is refused" refuses 'no-such-program' "$test_hosts" -- no-such-program

if [ "$(id -u)" -ne 0 ]; then
  check "an ordinary user is refused" refuses 'need root' "$test_hosts" -- true
  echo "NOT TESTED: test hosts need root; only their refusals were tested"
  exit "$failures"
fi
as_nobody=(setpriv --reuid=65534 --clear-groups)
check "an ordinary user is refused" refuses 'need root' \
  "${as_nobody[@]}" bash "$(readlink -f "$test_hosts")" -- true
if ! said=$("$test_hosts" -- true 2>&1); then
  check "a refusal of the kernel is one line" refuses 'test_hosts: ' "$test_hosts" -- true
  echo "NOT TESTED: this kernel refuses test hosts; only the refusals were tested: $said"
  exit "$failures"
fi

# Every run notes the namespaces that it was given, to look for them afterwards.
export NOTES=$work/notes
note='readlink /proc/self/ns/net /proc/1/ns/net >>"$NOTES";'
nothing_is_left() {
  local tries
  for ((tries = 0; tries < 100; ++tries)); do
    readlink /proc/[0-9]*/ns/net 2>/dev/null | grep -qFx -f "$NOTES" || return 0
    sleep 0.1  # The kernel ends them behind our back.
  done
  return 1
}

cat >"$work/exchange.py" <<'PYTHON'
# Host 1 sends host 0 two megabytes; both print how long that took.
import os, socket, time
address = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
size = 2_000_000
begin = time.monotonic()
if os.environ["RANK"] == "0":
    peer, _ = socket.create_server(address).accept()
    left = size
    while left:
        got = len(peer.recv(left))
        assert got, "the other host is gone"
        left -= got
    peer.sendall(b"k")
else:
    while True:
        try:
            peer = socket.create_connection(address, timeout=10)
            break
        except ConnectionRefusedError:
            time.sleep(0.01)
    begin = time.monotonic()
    peer.sendall(bytes(size))
    assert peer.recv(1) == b"k"
    seconds = time.monotonic() - begin
    # The bucket lets its 256 KiB through at once.
    least = (size - 262144) * 8 / 100e6
    print(f"{size} bytes took {seconds:.3f} s, at least {least:.3f} s at 100 Mbit/s")
    assert seconds >= least, "the link is faster than asked for"
PYTHON
check "a link is no faster than asked for" \
  "$test_hosts" --hosts=2 --rate=100mbit -- bash -c "$note exec python3 $work/exchange.py"
check "nothing is left after success" nothing_is_left

"$test_hosts" --hosts=3 --rate=none -- bash -c "$note [ \$RANK != 1 ] || exit 7; exec sleep 300"
check "the first failure's exit code is handed on" [ $? -eq 7 ]
check "nothing is left after a failure" nothing_is_left

# Starts hosts that would run for long, and returns once all of them run.
start_long() {
  : >"$work/running"
  "$test_hosts" --hosts=2 -- bash -c "$note trap 'echo \$RANK ended >>$work/running; exit 0' TERM
    echo up >>$work/running; while :; do sleep 0.1; done" &
  long=$!
  until [ "$(grep -c up "$work/running")" -eq 2 ]; do sleep 0.05; done
}
start_long
kill -s TERM "$long"
wait "$long"
check "a signal's exit code says so" [ $? -eq 143 ]
check "a signal reaches every host" [ "$(grep -c ended "$work/running")" -eq 2 ]
check "nothing is left after a signal" nothing_is_left

start_long
kill -s KILL "$long"
wait "$long" 2>/dev/null
check "nothing is left after being killed" nothing_is_left
check "the next run works" "$test_hosts" --hosts=2 -- true
exit "$failures"
