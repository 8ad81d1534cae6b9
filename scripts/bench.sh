#!/usr/bin/env bash
# The numbers of docs/performance.md, each against its target (1.00 is on it, less is better unless said).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

bash scripts/setup.sh test
. "$ROOT/scripts/lib.sh"
cargo xtask build
data=$(mktemp -d)
server=
finish() {
  [[ -z $server ]] || { kill "$server" 2>/dev/null && wait "$server"; } || true
  rm -rf "$data"
}
trap finish EXIT

ratio() { awk -v id="$1" -v what="$2" -v v="$3" -v t="$4" -v u="$5" 'BEGIN { printf "%-4s %-42s %9.1f %-3s of %6.1f  x%.2f\n", id, what, v, u, t, v / t }'; }

# One start on an empty data directory: milliseconds from exec to the first 200.
start() {
  local from
  rm -rf "${data:?}"/*
  from=${EPOCHREALTIME/./}
  POLLY_DATA_DIR=$data POLLY_LISTEN=127.0.0.1:3990 "$TARGET/release/pollysystem" serve >"$data.log" 2>&1 &
  server=$!
  until curl -sfo /dev/null http://127.0.0.1:3990/healthz; do
    kill -0 "$server" 2>/dev/null || die "the server ended: $(tail -3 "$data.log")"
    sleep 0.005
  done
  took=$(((${EPOCHREALTIME/./} - from) / 1000))
}
stop() {
  kill "$server"
  wait "$server" || true
  server=
}

bytes=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).first_load_gzip_bytes' "$TARGET/site/manifest.json")
ratio P7 "first load, JS+WASM+CSS, gzip" "$(awk "BEGIN { print $bytes / 1000 }")" 300 kB

times=()
for _ in 1 2 3 4 5; do start; times+=("$took"); stop; done
ratio P12 "start to first 200, median of 5, empty data" "$(printf '%s\n' "${times[@]}" | sort -n | sed -n 3p)" 300 ms
start
sleep 5
ratio P12 "idle memory of its own (RssAnon)" "$(awk '/RssAnon/ { print $2 / 1024 }' "/proc/$server/status")" 40 MB
stop
rm -f "$data.log"
cargo bench -q --bench durable_writes
cargo bench -q --bench fan_out
cargo bench -q --bench fleet_page
bash scripts/bench/collector.sh
for count in 3 50; do bash scripts/bench/fleet.sh "$count"; done
# Last, because a lab with an engine comes up for it.
export POLLY_LAB_DIR=${POLLY_BENCH_LAB_DIR:-/var/lib/polly-lab-bench} POLLY_LAB_ID=pollbench POLLY_LAB_NET=10.77.9
finish_lab() { bash scripts/lab.sh down >/dev/null; finish; }
trap finish_lab EXIT
bash scripts/lab.sh down >/dev/null
bash scripts/lab.sh up 1 >/dev/null
POLLY_LAB=$POLLY_LAB_DIR/lab.json POLLY_LAB_SCRIPT=$ROOT/scripts/lab.sh cargo bench -q --bench engine_list
