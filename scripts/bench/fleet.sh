#!/usr/bin/env bash
# P7 and P12 with machines enrolled: real hosts of a lab of their own (sshd alone), the release server.
#   fleet.sh N     start to the first 200, its own memory 20 s later with N links up, bytes of the first page
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

count=${1:?usage: scripts/bench/fleet.sh N}
export POLLY_LAB_DIR=${POLLY_BENCH_LAB_DIR:-/var/lib/polly-lab-bench} POLLY_LAB_ID=pollbench POLLY_LAB_NET=10.77.9
address=127.0.0.1:3991
. "$ROOT/scripts/bench/server.sh"
trap 'finish; bash scripts/lab.sh down >/dev/null' EXIT
links() { pgrep -c -P "$server" -x ssh || true; }
figure() { printf '%-4s %-62s %9s %-3s%s\n' "$@"; }

bash scripts/lab.sh down >/dev/null
bash scripts/lab.sh up "$count" --no-docker >/dev/null
begin
code=$(grep -o 'set-up code: .*' "$data.log" | cut -d' ' -f3)
password=$(head -c 12 /dev/urandom | base64 | tr '+/' '-_')
node scripts/enrol.mjs "http://$address" "$code" "$POLLY_LAB_DIR/lab.json" bench "$password" >/dev/null
stop
times=()
for _ in 1 2 3; do
  begin
  times+=("$took")
  stop
done
figure P12 "start to first 200 with $count machines, median of 3" "$(middle "${times[@]}")" ms " (target 300)"
begin
for ((i = 0; i < 600 && $(links) < count; i++)); do sleep 0.1; done
up=$(links)
sleep 20
figure P12 "memory of its own with $up of $count links up" "$(own_memory)" MB " (target 40)"
jar=$data/jar
curl -sf -c "$jar" -o /dev/null -H "Origin: http://$address" --data-urlencode name=bench --data-urlencode "password=$password" "http://$address/api/auth/login"
# curl keeps Secure cookies from plain HTTP, even on loopback
cookie=$(awk 'NF == 7 { printf "%s=%s; ", $6, $7 }' "$jar")
for page in /containers /machines; do
  bytes=$(curl -sf --compressed -H "Cookie: $cookie" -H 'Accept: text/html' -w '%{size_download}' -o /dev/null "http://$address$page")
  figure P7 "the document of $page with $count machines, compressed" "$(awk "BEGIN { printf \"%.1f\", $bytes / 1000 }")" kB ""
done
stop
