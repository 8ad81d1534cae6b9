#!/usr/bin/env bash
# Sets up what is missing on this machine, and only that.
#   setup.sh run    what `make run` needs      setup.sh test   what `make test` needs as well
#   setup.sh lint   what `make lint` needs as well
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

what=${1:-run}
[[ $what == run || $what == test || $what == lint ]] || die "usage: scripts/setup.sh run|test|lint"
RUST_NEEDED=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
stamp=$CACHE/setup-$what
SUDO=()
[[ $EUID == 0 ]] || SUDO=(sudo)

chromium() { have chromium || have chromium-browser || have google-chrome; }
static_busybox() { have busybox && ! ldd "$(command -v busybox)" >/dev/null 2>&1; }
compose() { docker compose version >/dev/null 2>&1; }
wasm_std() { compgen -G "$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null)/libstd-*.rlib" >/dev/null; }

# Debian's names of what is not there yet.
missing_packages() {
  have cc || echo gcc libc6-dev
  have ssh || echo openssh-client
  have curl || echo curl
  [[ $what != lint ]] || have shellcheck || echo shellcheck
  [[ $what == test ]] || return 0
  have dockerd && have docker || echo docker.io
  have sshd || echo openssh-server
  have iptables || echo iptables
  have ip && have tc || echo iproute2
  have unshare && have nsenter && have flock && have setsid || echo util-linux
  static_busybox || echo busybox-static
  chromium || echo chromium
}

key() { { cat "$0" xtask/npm/package-lock.json web/package-lock.json end2end/package-lock.json 2>/dev/null || true; rustc -V; } | cksum; }

fresh() {
  [[ -f $stamp && $(cat "$stamp") == "$(key)" && -z $(missing_packages) ]] && wasm_std
}

install_packages() {
  local list=()
  mapfile -t list < <(missing_packages | tr ' ' '\n')
  ((${#list[@]})) || return 0
  if ! have apt-get || { [[ $EUID != 0 ]] && ! have sudo; }; then
    die "this machine lacks ${list[*]} (Debian's names), and I can install only with apt as root or with sudo. Install them and run this again."
  fi
  echo "installing ${list[*]}"
  quiet_services "${list[@]}"
}

# The tests start their own sshd and dockerd: what we install must not open a port on this machine.
quiet_services() {
  local policy=/usr/sbin/policy-rc.d ours=false status=0 unit
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | "${SUDO[@]}" tee "$policy" >/dev/null && "${SUDO[@]}" chmod +x "$policy" && ours=true
  fi
  apt_install "$@" || { "${SUDO[@]}" apt-get -qq update && apt_install "$@"; } || status=$?
  ! $ours || "${SUDO[@]}" rm -f "$policy"
  if [[ -d /run/systemd/system ]]; then
    for unit in ssh:openssh-server docker:docker.io containerd:docker.io; do
      [[ " $* " != *" ${unit#*:} "* ]] || "${SUDO[@]}" systemctl disable -q "${unit%:*}" 2>/dev/null || true
    done
  fi
  return "$status"
}

apt_install() {
  "${SUDO[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "$@" </dev/null
}

check_rust() {
  have cargo || die "Rust is missing: https://rustup.rs, then run this again"
  local version
  version=$(rustc -V | cut -d' ' -f2)
  [[ $(printf '%s\n' "$RUST_NEEDED" "$version" | sort -V | head -1) == "$RUST_NEEDED" ]] ||
    die "Rust $version is too old, $RUST_NEEDED is needed: rustup update stable"
  if ! have node || ! have npm; then die "Node.js with npm is missing (20 or newer): https://nodejs.org"; fi
  (($(node -p 'process.versions.node.split(".")[0]') >= 20)) || die "Node.js $(node -v) is too old: 20 is needed"
}

setup_wasm() {
  wasm_std && return
  if have rustup && rustup target add wasm32-unknown-unknown && wasm_std; then return; fi
  bash scripts/wasm-std.sh "${SUDO[@]}"
  . "$CACHE/env.sh"
  wasm_std || die "no standard library for wasm32-unknown-unknown: rustup target add wasm32-unknown-unknown"
}

# Debian 12 has no compose v2; Debian 13's is one binary that runs there.
setup_compose() {
  compose && return
  apt_install docker-compose-v2 2>/dev/null && compose && return
  have apt-get || die "docker compose (v2) is missing: https://docs.docker.com/compose/install/linux/"
  local dir mirror plugins=/usr/libexec/docker/cli-plugins
  dir=$(mktemp -d)
  # shellcheck disable=SC2016
  mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m1 debian.org || echo http://deb.debian.org/debian)
  mkdir -p "$dir"/{lists/partial,archives/partial}
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$dir/sources.list"
  local apt=(apt-get -qq -o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::Lists=$dir/lists"
    -o "Dir::Cache::archives=$dir/archives" -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=" -o APT::Sandbox::User=root)
  (cd "$dir" && "${SUDO[@]}" "${apt[@]}" update && "${apt[@]}" download docker-compose && dpkg -x docker-compose_*.deb unpacked)
  "${SUDO[@]}" install -D -m 755 "$dir/unpacked/usr/libexec/docker/cli-plugins/docker-compose" "$plugins/docker-compose"
  "${SUDO[@]}" rm -rf "$dir"
  compose || die "docker compose (v2) could not be set up: https://docs.docker.com/compose/install/linux/"
}

setup_end2end() {
  [[ -f end2end/package-lock.json ]] || return 0
  [[ -f end2end/node_modules/.package-lock.json && end2end/node_modules/.package-lock.json -nt end2end/package-lock.json ]] ||
    (cd end2end && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --silent --no-audit --no-fund)
}

# From its source: seven minutes, once. Quick to build rather than quick to run.
setup_deny() {
  have cargo-deny && return
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_TARGET_DIR=$TARGET/tools cargo install --quiet --locked cargo-deny
}

check_rust
case $what in
  lint) if fresh && have cargo-deny; then exit 0; fi ;;
  test) if fresh && compose && setup_end2end; then exit 0; fi ;;
  *) if fresh; then exit 0; fi ;;
esac
mkdir -p "$CACHE"
step "system packages" install_packages
step "wasm32 standard library" setup_wasm
[[ $what != lint ]] || step "cargo-deny" setup_deny
if [[ $what == test ]]; then
  step "docker compose" setup_compose
  step "npm packages of the browser tests" setup_end2end
fi
key >"$stamp"
