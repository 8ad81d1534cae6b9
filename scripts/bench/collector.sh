#!/usr/bin/env bash
# P3: what measuring costs a host, in milliseconds of its processors: one reading of the collector against one bare
# reading of the same files, and against `docker stats --no-stream`. For 50 and 200 containers, on a host of a lab of
# its own (as root; about three minutes). `scripts/bench/collector.sh on HOST N..` measures on a host that is there.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=${HERE%/scripts/bench}
SCRIPT=$ROOT/src/plugins/machines/service/collect/collect.sh

# Runs on the host: `measure N`, the script on standard input.
measure() {
  set -euo pipefail
  local count=$1 rounds=20 script tick
  dir=$(mktemp -d)
  trap 'rm -rf "$dir"' EXIT
  script=$(cat)

  # Processor time of all children of this shell so far, in ms, into `spent`; a subshell has its own.
  children() {
    times >"$dir/times"
    spent=$(sed -n 2p "$dir/times" | tr 'ms' '  ' | awk '{ print ($1 * 60 + $2 + $3 * 60 + $4) * 1000 }')
  }
  # Processor time of the engine and what it runs for itself, in ms.
  engine() {
    tick=$(getconf CLK_TCK)
    pgrep -x 'dockerd|containerd' | while read -r p; do cat "/proc/$p/stat"; done |
      sed 's/.*) //' | awk -v tick="$tick" '{ sum += $12 + $13 } END { print sum * 1000 / tick }'
  }
  # What `rounds` runs of a command cost each, into `spent`.
  cost() {
    local before i
    children
    before=$spent
    for ((i = 0; i < rounds; i++)); do "$@"; done
    children
    spent=$(awk -v a="$before" -v b="$spent" -v n="$rounds" 'BEGIN { print (b - a) / n }')
  }
  # A conversation of so many readings, after one that finds the processes.
  collect() {
    { echo "1 p"; for ((i = 0; i < $1; i++)); do echo "2 r"; done; } |
      sh -c "$script" MARK /proc /sys/fs/cgroup /sys >"$dir/answer"
  }
  # shellcheck disable=SC2317 # called by `cost`
  bare() { cat "${files[@]}" >/dev/null || true; }
  # shellcheck disable=SC2317
  stats() { timeout 60 docker stats --no-stream >/dev/null; }

  while (($(docker ps -q | wc -l) < count)); do
    docker run -d busybox:1.35 sleep 3600 >/dev/null
  done
  # The files that a reading opens, in the layouts that Docker has.
  collect 1
  cd /sys/fs/cgroup
  shopt -s nullglob
  local p=/proc files g
  files=("$p"/{stat,meminfo,loadavg,uptime,diskstats,net/dev})
  for g in 'docker/?' 'system.slice/docker-?.scope'; do
    g=${g/\?/[0-9a-f]*}
    # shellcheck disable=SC2206 # the patterns are meant
    files+=(cpuacct/$g/cpuacct.usage memory/$g/memory.{usage_in_bytes,stat} blkio/$g/blkio.throttle.io_service_bytes
      pids/$g/pids.current $g/{cpu.stat,memory.{current,max,stat},io.stat,pids.current})
  done
  while IFS=: read -r _ g; do files+=("$p/$g/net/dev"); done < <(grep /cgroup.procs: "$dir/answer")
  local few collected bare_ms before stats_ms
  cost collect 1
  few=$spent
  cost collect 11
  collected=$(awk -v a="$few" -v b="$spent" 'BEGIN { print (b - a) / 10 }')
  cost bare
  bare_ms=$spent
  rounds=3
  before=$(engine)
  cost stats
  stats_ms=$(awk -v c="$spent" -v a="$before" -v b="$(engine)" 'BEGIN { print c + (b - a) / 3 }')
  awk -v n="$count" -v files="${#files[@]}" -v c="$collected" -v b="$bare_ms" -v s="$stats_ms" '
    BEGIN {
      what = sprintf("reading of %d containers, %d files", n, files)
      printf "%-4s %-42s %9.1f %-3s of %6.1f  x%.2f\n", "P3", what, c, "ms", 2 * b, c / (2 * b)
      printf "     bare reading %.1f ms (x%.2f), docker stats --no-stream %.1f ms (%.0f times a reading)\n", b, c / b, s, s / c
    }'
}

if [[ ${1:-} == measure ]]; then
  measure "$2"
  exit
fi
if [[ ${1:-} == on ]]; then
  host=$2
  shift 2
else
  export POLLY_LAB_DIR=${POLLY_BENCH_LAB_DIR:-/var/lib/polly-lab-bench} POLLY_LAB_ID=pollybench POLLY_LAB_NET=10.77.9
  host=h1
  trap 'bash "$ROOT/scripts/lab.sh" down >/dev/null' EXIT
  bash "$ROOT/scripts/lab.sh" up 1 >/dev/null
  set -- 50 200
fi
for count; do
  timeout 300 bash "$ROOT/scripts/lab.sh" exec "$host" bash -c "$(declare -f measure); measure $count" <"$SCRIPT"
done
