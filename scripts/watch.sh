#!/usr/bin/env bash
# Edit to screen. cargo-leptos takes a quarter of an hour to build, so only who asks for it has it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
have cargo-leptos || die "cargo-leptos is not installed. Once, about 15 minutes:
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 cargo install cargo-leptos --locked"
bash scripts/setup.sh run
# Apart from the release's site, and under the name that a server without a manifest asks for.
export LEPTOS_SITE_ROOT=target/site-watch LEPTOS_SITE_PKG_DIR=pkg/dev LEPTOS_STYLE_FILE=target/watch.css
export POLLY_SITE_DIR=$ROOT/target/site-watch
cargo xtask css "$ROOT/target/watch.css"
cargo xtask widgets "$ROOT/$LEPTOS_SITE_ROOT/$LEPTOS_SITE_PKG_DIR"
exec cargo leptos watch --split "$@" -- serve
