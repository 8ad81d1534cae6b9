# shellcheck shell=bash disable=SC2154,SC2034
# The release server as the benches start it, again and again on one data directory. Sourced after lib.sh, with
# `address` set. `finish` is for the caller's trap.
data=$(mktemp -d) server='' took=''

# Milliseconds from exec to the first 200 are in `took` then.
begin() {
  local from=${EPOCHREALTIME/./}
  POLLY_DATA_DIR=$data POLLY_LISTEN=$address "$TARGET/release/pollysystem" serve >"$data.log" 2>&1 &
  server=$!
  until curl -sfo /dev/null "http://$address/healthz"; do
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
finish() {
  [[ -z $server ]] || { kill "$server" 2>/dev/null && wait "$server"; } || true
  rm -rf "$data" "$data.log"
}
middle() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
own_memory() { awk '/RssAnon/ { printf "%.1f", $2 / 1024 }' "/proc/$server/status"; }
