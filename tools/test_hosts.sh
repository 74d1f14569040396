#!/bin/bash
# Runs a command on several hosts that are really one machine, joined by links of a given bandwidth:
#
#     tools/test_hosts.sh --hosts=4 --rate=1gbit -- bazel-bin/experiments/baseline_ddp --interface=eth0
#
# Every host is a network namespace whose eth0 leads to one bridge; each direction of its link
# carries a token bucket of --rate (as tc writes it: 200mbit, 1gbit; none: no limit). With --fair the
# connections over a link share it evenly and nothing is lost: each may have 128 KiB on the way, and
# queues hold all of that. Without, this kernel's TCP does as it does anywhere. The command
# runs once per host with RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR (host 0) and
# MASTER_PORT set. When one fails the others have 4 s to notice before they are ended; the exit code
# is that of the first to fail. SIGINT, SIGTERM and SIGHUP reach the commands as SIGTERM.
#
# Needs root. All of it lives in namespaces without names that end with this process, however it
# ends: the kernel then kills what still runs in them and takes links and bridge down.
set -u
here=$(readlink -f "$0")
PATH=$PATH:/usr/sbin:/sbin  # Where ip and tc are, not always named there.

refuse() {
  echo "test_hosts: $*" >&2
  exit 1
}

# Runs a command of the set-up.
must() {
  local said
  said=$("$@" 2>&1) || refuse "\"$*\" failed (${said//$'\n'/ }); this kernel may lack what test hosts need"
}

address() { echo "10.77.0.$(($1 + 1))"; }

limit() {  # DEVICE [COMMAND that enters its namespace]
  [ "$rate" = none ] && return
  local queue=(latency 50ms)
  [ "$fair" ] && queue=(limit "$((hosts * 256))kb")
  must "${@:2}" tc qdisc add dev "$1" root tbf rate "$rate" burst 256kb "${queue[@]}"
}

# Makes a host; `host` is then a process that holds its namespace.
make_host() {  # RANK
  unshare --net sleep infinity &
  host=$!
  until [ "$(readlink "/proc/$host/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do
    kill -0 "$host" 2>/dev/null || refuse "host $1 got no network namespace"
    sleep 0.01
  done
  must ip link add "host$1" type veth peer name eth0 netns "$host"
  must ip link set "host$1" master bridge up
  local enter=(nsenter --net --target="$host")
  must "${enter[@]}" ip link set lo up
  must "${enter[@]}" ip address add "$(address "$1")/24" dev eth0
  must "${enter[@]}" ip link set eth0 up
  if [ "$fair" ]; then  # A window that no loss or probe changes.
    must "${enter[@]}" sysctl -q -w net.ipv4.tcp_congestion_control=reno \
      net.ipv4.tcp_wmem="4096 131072 131072" net.ipv4.tcp_slow_start_after_idle=0
  fi
  limit "host$1"
  limit eth0 "${enter[@]}"
}

# Runs the command on every host, and prints "RANK CODE" as each ends. The commands' own output goes
# to the descriptors 4 and 5: the shell's own remarks on ended commands are dropped.
run_commands() {  # COMMAND ARGUMENT…
  local rank
  for ((rank = 0; rank < hosts; ++rank)); do
    {
      trap : TERM  # Outlives its command, to report it.
      RANK=$rank WORLD_SIZE=$hosts LOCAL_RANK=0 LOCAL_WORLD_SIZE=1 MASTER_ADDR=$(address 0) \
        MASTER_PORT=29500 nsenter --net --target="${holders[rank]}" -- "$@" >&4 2>&5 4>&- 5>&-
      echo "$rank $?"
    } 2>/dev/null &
  done
  wait
}

end_commands() {
  sleep 4
  kill -s TERM -1
  sleep 4
  kill -s KILL -1
}

# The first process of the new namespaces.
inside() {  # COMMAND ARGUMENT…
  trap 'exit 143' TERM
  must ip link add bridge type bridge
  must ip link set bridge up
  local rank code status=0
  holders=()
  for ((rank = 0; rank < hosts; ++rank)); do
    make_host "$rank"
    holders+=("$host")
  done
  trap 'status=143; end_commands &' TERM
  exec 4>&1 5>&2
  while read -r rank code; do
    if [ "$code" -eq 0 ] || [ "$status" -ne 0 ]; then continue; fi
    status=$code
    echo "test_hosts: host $rank ($(address "$rank")) failed with exit code $code" >&2
    end_commands &
  done < <(run_commands "$@")
  exit "$status"
}

if [ "${1-}" = inside ]; then
  hosts=$2 rate=$3 fair=$4
  shift 4
  inside "$@"
fi

cd "${BUILD_WORKING_DIRECTORY:-.}" || refuse "the folder $BUILD_WORKING_DIRECTORY is gone"
hosts=2 rate=1gbit fair=
while [ $# -gt 0 ]; do
  case $1 in
    --hosts=*) hosts=${1#*=} ;;
    --rate=*) rate=${1#*=} ;;
    --fair) fair=yes ;;
    --) shift && break ;;
    -*) refuse "unknown flag $1: --hosts=N, --rate=RATE, --fair and -- COMMAND are known" ;;
    *) break ;;
  esac
  shift
done
[ $# -gt 0 ] || refuse "no command: test_hosts --hosts=4 --rate=1gbit -- COMMAND ARGUMENT…"
command -v "$1" >/dev/null || refuse "$1: no such program"
[[ $hosts =~ ^[1-9][0-9]{0,2}$ && $hosts -le 250 ]] || refuse "--hosts=$hosts: must be from 1 to 250"
[[ $rate =~ ^([1-9][0-9]*[kmg]bit|none)$ ]] ||
  refuse "--rate=$rate: must be a whole number with kbit, mbit or gbit (1gbit), or none"
[ "$(id -u)" -eq 0 ] || refuse "network namespaces need root: run it with sudo"
for tool in ip tc; do
  command -v "$tool" >/dev/null || refuse "$tool is missing: install iproute2"
done
namespaces=(unshare --net --mount --pid --fork --kill-child=KILL --mount-proc)
said=$("${namespaces[@]}" true 2>&1) || refuse "the kernel refuses namespaces (${said//$'\n'/ })"

set -m  # A process group of its own, to pass signals on to.
setpriv --pdeathsig KILL "${namespaces[@]}" "$here" inside "$hosts" "$rate" "$fair" "$@" </dev/null &
world=$!
trap 'kill -s TERM -- "-$world"' INT TERM HUP
while kill -0 "$world" 2>/dev/null; do
  wait "$world"
  status=$?
done
exit "$status"
