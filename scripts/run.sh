#!/usr/bin/env bash
# From a fresh clone to a running server: sets up what is missing, builds what changed, serves.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export POLLY_LISTEN=${POLLY_LISTEN:-127.0.0.1:3000}
export POLLY_DATA_DIR=${POLLY_DATA_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/pollysystem}
port_busy() { (: <"/dev/tcp/${POLLY_LISTEN%:*}/${POLLY_LISTEN##*:}") 2>/dev/null; }

if port_busy; then
  die "something already listens on $POLLY_LISTEN. Stop it, or choose another: POLLY_LISTEN=127.0.0.1:3001 make run"
fi
step "set up" bash scripts/setup.sh run
. "$ROOT/scripts/lib.sh" # set-up may have chosen a toolchain
step "build" cargo xtask build
echo "==> http://$POLLY_LISTEN  (data in $POLLY_DATA_DIR; Ctrl-C stops)"
exec "$TARGET/release/pollysystem" serve
