#!/usr/bin/env bash
# The lab: N real hosts on one machine. Each has its own network, root file system, sshd and docker engine.
# A host is one process tree in its own namespaces: every mount lives in there, so killing it leaves nothing behind.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/lab.sh COMMAND        (as root or through sudo; state in $POLLY_LAB_DIR, default /var/lib/polly-lab)
  up N [--no-docker]   N hosts h1..hN at 10.77.0.11.., or start those that are missing
  down                 end every host and remove all of it
  list                 name, address, state
  exec NAME CMD..      run a command on a host as root
  kill NAME            power loss; its disk stays
  start NAME           boot it again
  cut NAME             pull the network cable;  mend NAME plugs it in again
  delay NAME MS        milliseconds added to what is sent to the host (0 takes it away)
  newkey NAME          replace the ssh host keys and restart sshd (open connections live on)
TEXT
}

LAB=${POLLY_LAB_DIR:-/var/lib/polly-lab}
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ID=${POLLY_LAB_ID:-polly} NET=${POLLY_LAB_NET:-10.77.0} # a second lab beside the first has its own of all three
SWITCH=$ID-lab # the namespace of the bridge: the machine's own packet filter does not see what hosts say to each other
CGROUP=$ID-lab
WIRE=${ID}0

if [[ $EUID != 0 ]]; then exec sudo --preserve-env=POLLY_LAB_DIR,POLLY_LAB_ID,POLLY_LAB_NET "$0" "$@"; fi

die() { echo "lab: $*" >&2; exit 1; }
say() { echo "lab: $*"; }
addr() { echo "$NET.$((10 + ${1#h}))"; }
ns() { echo "$ID-$1"; }
hosts() { [[ -d $LAB ]] && find "$LAB" -mindepth 1 -maxdepth 1 -name 'h[0-9]*' -printf '%f\n' | sort -V; }
known() { [[ ${1:-} =~ ^h[0-9]+$ && -d $LAB/$1 ]] || die "no host '${1:-}' (scripts/lab.sh list)"; }

# The host's first process, as this machine numbers it; nothing when the host is dead.
pid() {
  local p
  p=$(cat "$LAB/$1/pid" 2>/dev/null) || return 1
  [[ $(readlink "/proc/$p/ns/net" 2>/dev/null) == "net:[$(stat -Lc %i "/run/netns/$(ns "$1")" 2>/dev/null)]" ]] && echo "$p"
}
on() (
  p=$(pid "$1") || die "$1 is not running"
  while IFS=: read -r _ c path; do # be one of the host's processes, not only in its namespaces
    echo "$BASHPID" 2>/dev/null >"/sys/fs/cgroup/${c#name=}$path/cgroup.procs" || true
  done <"/proc/$p/cgroup"
  shift
  exec nsenter -t "$p" -m -u -i -n -p -C -r -w -- "$@"
)

check() {
  local tool
  for tool in ip unshare nsenter sshd busybox "$@"; do
    PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || die "$tool is missing: run scripts/setup.sh test"
  done
  mkdir -p "$LAB"
  case $(stat -f -c %T "$LAB") in
    overlayfs | tmpfs | ramfs | nfs) die "$LAB is on $(stat -f -c %T "$LAB"): set POLLY_LAB_DIR to a folder on a disk" ;;
  esac
}

make_switch() {
  ip netns list | grep -qw "^$SWITCH" && return
  ip netns add "$SWITCH"
  ip -n "$SWITCH" link add br0 type bridge
  ip -n "$SWITCH" link set br0 up
  ip link add "$WIRE" type veth peer name up0 netns "$SWITCH"
  ip -n "$SWITCH" link set up0 master br0 up
  ip addr add "$NET.1/24" dev "$WIRE"
  ip link set "$WIRE" up
}

make_wire() {
  local name=$1 n
  n=$(ns "$name")
  [[ -e /run/netns/$n ]] && return
  ip netns add "$n"
  ip -n "$n" link add eth0 type veth peer name "v$name" netns "$SWITCH"
  ip -n "$SWITCH" link set "v$name" master br0 up
  ip -n "$n" addr add "$(addr "$name")/24" dev eth0
  ip -n "$n" link set lo up
  ip -n "$n" link set eth0 up
}

# An image without a registry: one static busybox and a link per applet.
make_image() {
  [[ -s $LAB/busybox.tar ]] && return
  local rootfs=$LAB/rootfs applet
  mkdir -p "$rootfs"/{bin,etc,tmp,www}
  cp "$(command -v busybox)" "$rootfs/bin/busybox"
  for applet in $(busybox --list | grep -vx busybox); do ln -s busybox "$rootfs/bin/$applet"; done
  echo 'root:x:0:0:root:/:/bin/sh' >"$rootfs/etc/passwd"
  echo 'hello from the lab' >"$rootfs/www/index.html"
  tar -C "$rootfs" -c . >"$LAB/busybox.tar.part"
  mv "$LAB/busybox.tar.part" "$LAB/busybox.tar"
  rm -rf "$rootfs"
}

boot() {
  local name=$1 dir=$LAB/$1 c
  rm -f "$dir/pid"
  for c in /sys/fs/cgroup /sys/fs/cgroup/*; do # v2 is one tree, v1 one per controller
    [[ -e $c/cgroup.procs ]] && mkdir -p "$c/$CGROUP/$name"
  done
  LAB_CGROUP=$CGROUP/$name setsid nsenter --net="/run/netns/$(ns "$name")" \
    bash "$HERE/lab/host.sh" enter "$LAB" "$name" </dev/null >"$dir/boot.log" 2>&1 9>&- &
}

wait_ready() {
  local name=$1 tries=0
  until grep -qx ready "$LAB/$name/boot.log"; do
    ((++tries < 600)) || die "$name did not start in 60 s: $LAB/$name/{boot,sshd,dockerd}.log"
    sleep 0.1
  done
}

write_json() {
  local name sep='' p
  {
    printf '{"user":"polly","key":"%s","docker":%s,"hosts":[' "$LAB/key" "$(cat "$LAB/docker.flag")"
    for name in $(hosts); do
      p=$(pid "$name") || p=null
      printf '%s\n  {"name":"%s","address":"%s","port":22,"pid":%s,"fingerprint":"%s","sshd_log":"%s"}' "$sep" "$name" \
        "$(addr "$name")" "$p" "$(ssh-keygen -lf "$LAB/$name/upper/etc/ssh/ssh_host_ed25519_key.pub" | cut -d' ' -f2)" "$LAB/$name/sshd.log"
      sep=,
    done
    printf '\n]}\n'
  } >"$LAB/lab.json.part"
  mv "$LAB/lab.json.part" "$LAB/lab.json"
}

# SIGKILL to the first process ends every process of the host, containers included.
power_off() {
  local name=$1 p
  for p in $(ip netns pids "$(ns "$name")" 2>/dev/null); do kill -9 "$p" 2>/dev/null || true; done
  for ((p = 0; p < 100; p++)); do
    [[ -z $(ip netns pids "$(ns "$name")" 2>/dev/null) ]] && break
    sleep 0.05
  done
  rm -f "$LAB/$name/pid"
}

drop_cgroups() {
  local try c
  for ((try = 0; try < 40; try++)); do # the kernel lets go of a cgroup a moment after its last process
    for c in /sys/fs/cgroup/"$CGROUP" /sys/fs/cgroup/*/"$CGROUP"; do
      [[ ! -d $c ]] || find "$c" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
    compgen -G "/sys/fs/cgroup/$CGROUP" >/dev/null || compgen -G "/sys/fs/cgroup/*/$CGROUP" >/dev/null || return 0
    sleep 0.05
  done
  say "some control groups are still there: /sys/fs/cgroup/*/$CGROUP"
}

cmd_up() {
  local count=${1:-} docker=true name i started=()
  [[ ${2:-} != --no-docker ]] || docker=false
  [[ $count =~ ^[0-9]+$ && $count -ge 1 && $count -le 200 ]] || die "up N, with N from 1 to 200"
  if $docker; then check dockerd iptables; else check; fi
  [[ -s $LAB/key ]] || ssh-keygen -q -t ed25519 -N '' -C polly-lab -f "$LAB/key"
  [[ -z ${SUDO_UID:-} ]] || chown "$SUDO_UID" "$LAB/key" # who called sudo is who logs in
  [[ -s $LAB/docker.flag ]] || echo "$docker" >"$LAB/docker.flag"
  if [[ $(cat "$LAB/docker.flag") != "$docker" ]]; then die "the lab runs with docker=$(cat "$LAB/docker.flag"): down first"; fi
  ! $docker || make_image
  make_switch
  for ((i = 1; i <= count; i++)); do
    name=h$i
    pid "$name" >/dev/null && continue
    mkdir -p "$LAB/$name"/{upper,work,root,docker}
    make_wire "$name"
    boot "$name"
    started+=("$name")
  done
  for name in ${started[@]+"${started[@]}"}; do wait_ready "$name"; done
  write_json
  cmd_list
  say "user polly, key $LAB/key, facts $LAB/lab.json"
  say "ssh -i $LAB/key polly@$(addr h1)"
}

cmd_down() {
  local name
  for name in $(hosts); do power_off "$name"; done
  for name in $(ip netns list | awk '{print $1}' | grep -xE "$ID-(lab|h[0-9]+)"); do ip netns del "$name"; done
  ip link del "$WIRE" 2>/dev/null || true
  drop_cgroups
  # Remove only what `up` makes: the folder itself may be somebody's.
  rm -rf "$LAB"/h[0-9]* "$LAB"/{key,key.pub,docker.flag,busybox.tar,rootfs,lab.json,lock}
  rmdir "$LAB" 2>/dev/null || true
  say "down"
}

cmd_list() {
  local name p
  for name in $(hosts); do
    if p=$(pid "$name"); then echo "$name  $(addr "$name")  up (pid $p)"; else echo "$name  $(addr "$name")  dead"; fi
  done
}

locked() {
  mkdir -p "$LAB"
  exec 9>"$LAB/lock"
  flock 9
}

command=${1:-help}
shift || true
case $command in
  up) locked; cmd_up "$@" ;;
  down) locked; cmd_down ;;
  list) cmd_list ;;
  exec) known "${1:-}"; on "$@" ;;
  kill) locked; known "${1:-}"; power_off "$1"; write_json; say "$1 lost its power" ;;
  start)
    locked; known "${1:-}"
    pid "$1" >/dev/null || { boot "$1"; wait_ready "$1"; write_json; }
    say "$1 is up" ;;
  cut) locked; known "${1:-}"; ip -n "$SWITCH" link set "v$1" down; say "$1 is cut off" ;;
  mend) locked; known "${1:-}"; ip -n "$SWITCH" link set "v$1" up; say "$1 is connected" ;;
  delay)
    locked; known "${1:-}"
    [[ ${2:-} =~ ^[0-9]+$ ]] || die "delay NAME MS"
    ip netns exec "$SWITCH" tc qdisc del dev "v$1" root 2>/dev/null || true
    [[ $2 == 0 ]] || ip netns exec "$SWITCH" tc qdisc add dev "v$1" root netem delay "$2ms" ||
      die "this kernel has no netem (module sch_netem)"
    say "$1 is $2 ms away" ;;
  newkey) locked; known "${1:-}"; on "$1" lab-sshd newkey 9>&-; write_json; say "$1 has new host keys" ;;
  help | -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
