# shellcheck shell=bash disable=SC2034
# Shared by the scripts beside it: where things are, steps with their times. Sourced, not run.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/pollysystem
TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
cd "$ROOT" || exit
PATH=$PATH:$HOME/.cargo/bin:/usr/local/sbin:/usr/sbin:/sbin
# What set-up found out about this machine (a toolchain, where rustup's own could not be completed).
[[ ! -s $CACHE/env.sh ]] || . "$CACHE/env.sh"

die() { echo "error: $*" >&2; exit 1; }
# A program, not a function of the same name.
have() { type -P "$1" >/dev/null; }

# Runs one step and prints what it took. The step fails the script.
step() {
  local name=$1 start=$EPOCHREALTIME status=0
  shift
  echo "==> $name"
  "$@" || status=$?
  awk -v n="$name" -v a="$start" -v b="$EPOCHREALTIME" -v s="$status" \
    'BEGIN { printf "<== %s: %s in %.1f s\n", n, (s ? "FAILED" : "done"), b - a }'
  return "$status"
}
