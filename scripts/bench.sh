#!/usr/bin/env bash
# The numbers of docs/performance.md, each against its target (1.00 is on it, less is better unless said).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

bash scripts/setup.sh test
. "$ROOT/scripts/lib.sh"
cargo xtask build
address=127.0.0.1:3990
. "$ROOT/scripts/bench/server.sh"
trap finish EXIT

ratio() { awk -v id="$1" -v what="$2" -v v="$3" -v t="$4" -v u="$5" 'BEGIN { printf "%-4s %-42s %9.1f %-3s of %6.1f  x%.2f\n", id, what, v, u, t, v / t }'; }

bytes=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).first_load_gzip_bytes' "$TARGET/site/manifest.json")
ratio P7 "first load, JS+WASM+CSS, gzip" "$(awk "BEGIN { print $bytes / 1000 }")" 300 kB

times=()
for _ in 1 2 3 4 5; do rm -rf "${data:?}"/*; begin; times+=("$took"); stop; done
ratio P12 "start to first 200, median of 5, empty data" "$(middle "${times[@]}")" 300 ms
rm -rf "${data:?}"/*
begin
sleep 5
ratio P12 "idle memory of its own (RssAnon)" "$(own_memory)" 40 MB
stop
cargo bench -q --bench durable_writes
cargo bench -q --bench fan_out
cargo bench -q --bench fleet_page
bash scripts/bench/collector.sh
for count in 3 50; do bash scripts/bench/fleet.sh "$count"; done
# Last, because a lab with an engine comes up for it.
export POLLY_LAB_DIR=${POLLY_BENCH_LAB_DIR:-/var/lib/polly-lab-bench} POLLY_LAB_ID=pollbench POLLY_LAB_NET=10.77.9
trap 'finish; bash scripts/lab.sh down >/dev/null' EXIT
bash scripts/lab.sh down >/dev/null
bash scripts/lab.sh up 1 >/dev/null
POLLY_LAB=$POLLY_LAB_DIR/lab.json POLLY_LAB_SCRIPT=$ROOT/scripts/lab.sh cargo bench -q --bench engine_list
