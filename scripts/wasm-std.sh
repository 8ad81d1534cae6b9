#!/usr/bin/env bash
# The standard library of wasm32-unknown-unknown where rustup's server cannot be reached (Debian 12, about 1.5 minutes):
# Debian's newest Rust with its exact library source, built once and linked as a rustup toolchain named `debian`.
# Arguments: how to become root (nothing, or sudo).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

echo "rustup cannot give the target; building it from Debian's library source"
have apt-get || die "this needs apt; elsewhere: rustup target add wasm32-unknown-unknown"
lld=$(rustc --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld
[[ -x $lld ]] || die "no rust-lld in $(rustc --print sysroot): is Rust installed by rustup?"
"$@" apt-get -qq update
"$@" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
  rustc-web cargo-web rust-web-src rust-web-clippy rustfmt-web </dev/null

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/src"
printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n[lib]\ncrate-type = ["cdylib"]\n' >"$work/Cargo.toml"
: >"$work/src/lib.rs"
(
  cd "$work"
  unset RUSTUP_TOOLCHAIN CARGO_TARGET_DIR
  RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$lld \
    /usr/bin/cargo build --quiet --release -Zbuild-std=std,panic_abort --target wasm32-unknown-unknown
)
"$@" mkdir -p /usr/lib/rustlib/{wasm32-unknown-unknown/lib,x86_64-unknown-linux-gnu/bin}
"$@" cp "$work"/target/wasm32-unknown-unknown/release/deps/*.rlib /usr/lib/rustlib/wasm32-unknown-unknown/lib/
"$@" ln -sf "$lld" /usr/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld
rustup toolchain link debian /usr
mkdir -p "$CACHE"
echo 'export RUSTUP_TOOLCHAIN=debian' >"$CACHE/env.sh"
