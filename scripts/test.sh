#!/usr/bin/env bash
# Runs layers of tests: unit, it, lab, browser, or all. A part that cannot run fails; nothing is skipped.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

layers=("${@:-all}")
[[ ${layers[0]} != all ]] || layers=(unit it lab browser)
log=$(mktemp)
# The tests have a lab of their own beside `make lab`'s.
export POLLY_LAB_DIR=${POLLY_TEST_LAB_DIR:-/var/lib/polly-lab-test} POLLY_LAB_ID=pollytest POLLY_LAB_NET=10.77.1
export POLLY_LAB_SCRIPT=$ROOT/scripts/lab.sh
lab_used=false
finish() {
  ! $lab_used || bash scripts/lab.sh down
  rm -f "$log"
}
trap finish EXIT

# cargo_tests ONLY|NOT|ALL FILTER ARGS..: nextest where it is installed, else cargo's own runner.
cargo_tests() {
  local mode=$1 filter=$2
  shift 2
  if have cargo-nextest; then
    case $mode in
      ONLY) set -- "$@" -E "test(/^$filter/)" --test-threads 1 ;;
      NOT) set -- "$@" -E "not test(/^$filter/)" ;;
    esac
    cargo nextest run --no-fail-fast --status-level fail "$@"
  else
    case $mode in
      ONLY) set -- "$@" -- "$filter" --test-threads 1 ;;
      NOT) set -- "$@" -- --skip "$filter" ;;
    esac
    cargo test --no-fail-fast "$@"
  fi
}

unit() { cargo_tests ALL '' -p pollysystem --lib --bins && cargo_tests ALL '' -p xtask; }
it() { cargo_tests NOT lab:: -p pollysystem --test it; }
lab() { lab_up && cargo_tests ONLY lab:: -p pollysystem --test it; }

lab_up() {
  lab_used=true
  bash scripts/lab.sh down && bash scripts/lab.sh up "${POLLY_LAB_HOSTS:-3}" || return 1
  export POLLY_LAB=$POLLY_LAB_DIR/lab.json
}

browser() {
  [[ -f end2end/package.json ]] || { echo "end2end/ is missing"; return 1; }
  cargo xtask build || return 1
  lab_up || return 1
  (cd end2end && POLLY_BIN=$TARGET/release/pollysystem npm test)
}

# `N passed, N failed` of one layer, whoever printed it (nextest, cargo, playwright, node); by its exit code if nobody did.
count() {
  local status=$1
  sed 's/\x1b\[[0-9;]*m//g' "$log" | awk -v status="$status" '
    /tests? run:/ || /^test result:/ || /^ *[0-9]+ (passed|failed)/ {
      for (i = 1; i < NF; i++) { if ($(i+1) ~ /^passed/) p += $i; if ($(i+1) ~ /^failed/) f += $i; if ($(i+1) ~ /^timed/) f += $i }
    }
    /^[^ ]+ (pass|fail) [0-9]+$/ { if ($2 == "pass") p += $3; else f += $3 }
    END { if (status && !f) f = 1; if (!status && !p) f = 1; print p + 0, f + 0 }'
}

run_layer() {
  set -o pipefail
  local name=$1
  { "$name" 2>&1 && echo ok >"$log.ok"; } | tee "$log"
  [[ -f $log.ok ]]
}

passed=0 failed=0 lines=()
needs=run
for layer in "${layers[@]}"; do
  [[ $layer =~ ^(unit|it|lab|browser)$ ]] || die "no layer '$layer': unit, it, lab, browser, all"
  [[ $layer == unit || $layer == it ]] || needs="test"
done
step "set up" bash scripts/setup.sh "$needs"
. "$ROOT/scripts/lib.sh"
for layer in "${layers[@]}"; do
  rm -f "$log.ok"
  status=0
  [[ $layer != lab && $layer != browser ]] || lab_used=true
  step "$layer" run_layer "$layer" || status=$?
  read -r p f < <(count "$status")
  passed=$((passed + p)) failed=$((failed + f))
  lines+=("$layer: $p passed, $f failed")
done
rm -f "$log.ok"
printf '%s\n' "${lines[@]}"
echo "$passed passed, $failed failed"
((failed == 0))
