#!/usr/bin/env bash
# Everything that can be told without running the product: form, lints for both targets, styles, licences.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

deny() {
  cargo deny --all-features check bans licenses sources || return 1
  local said
  said=$(cargo deny --all-features check advisories 2>&1) && return
  if [[ $said == *"failed to fetch advisory database"* ]]; then
    echo "advisories: not checked (their database cannot be reached)"
  else
    echo "$said"
    return 1
  fi
}

step "set up" bash scripts/setup.sh lint
. "$ROOT/scripts/lib.sh"
step "format" cargo fmt --all --check
step "clippy, server and tests" cargo clippy -q -p pollysystem --all-targets -- -D warnings
step "clippy, browser" cargo clippy -q -p pollysystem --lib --no-default-features --features hydrate \
  --target wasm32-unknown-unknown -- -D warnings
step "clippy, xtask" cargo clippy -q -p xtask --all-targets -- -D warnings
step "styles" cargo xtask style --check
step "dependencies" deny
step "shell" shellcheck -x -e SC1090,SC1091 scripts/*.sh scripts/*/*.sh src/plugins/machines/service/collect/*.sh .ci/run
