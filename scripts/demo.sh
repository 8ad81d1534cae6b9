#!/usr/bin/env bash
# A fleet to look at: N real hosts, and a server on an empty data directory with all of them enrolled.
# Ctrl-C ends all of it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

count=${1:-3}
bash scripts/setup.sh test
. "$ROOT/scripts/lib.sh"
cargo xtask build

data=$(mktemp -d)
server=
finish() {
  [[ -z $server ]] || { kill "$server" 2>/dev/null && wait "$server"; } || true
  bash scripts/lab.sh down
  rm -rf "$data"
}
trap finish EXIT
trap 'exit 130' INT TERM

bash scripts/lab.sh up "$count"
export POLLY_LAB=${POLLY_LAB_DIR:-/var/lib/polly-lab}/lab.json
export POLLY_LISTEN=${POLLY_LISTEN:-127.0.0.1:3000} POLLY_DATA_DIR=$data
"$TARGET/release/pollysystem" serve > >(tee "$data/log") 2>&1 &
server=$!
for ((i = 0; i < 100; i++)); do
  ! grep -q 'set-up code: ' "$data/log" 2>/dev/null || break
  kill -0 "$server" 2>/dev/null || die "the server ended"
  sleep 0.1
done
code=$(grep -o 'set-up code: .*' "$data/log" | cut -d' ' -f3)
name=demo password=$(head -c 12 /dev/urandom | base64 | tr '+/' '-_')
node scripts/enrol.mjs "http://$POLLY_LISTEN" "$code" "$POLLY_LAB" "$name" "$password"
echo "==> http://$POLLY_LISTEN  log in as $name with $password  (Ctrl-C ends server and hosts)"
wait "$server"
