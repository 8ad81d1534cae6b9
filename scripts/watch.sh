#!/usr/bin/env bash
# Edit to screen. cargo-leptos takes a quarter of an hour to build, so only who asks for it has it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
have cargo-leptos || die "cargo-leptos is not installed. Once, about 15 minutes:
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 cargo install cargo-leptos --locked"
bash scripts/setup.sh run
exec cargo leptos watch "$@" -- serve
