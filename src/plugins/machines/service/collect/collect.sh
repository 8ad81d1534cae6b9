# What runs on every host for as long as its link stands; see script.rs, which gives it its arguments.
# shellcheck shell=sh disable=SC2086,SC2016,SC2013
LC_ALL=C; export LC_ALL; unset GREP_OPTIONS
p=$1 s=$3; cd "$2" 2>/dev/null || cd /
if [ -e cgroup.controllers ]; then v=2 m=inactive_file; else v=1 m=total_inactive_file; fi
x='[0-9a-f][0-9a-f]*' u='user.slice/user-*.slice/user@*.service/*.slice' all='' firsts='' net=''
for d in "docker/$x" "system.slice/docker-$x.scope" "machine.slice/libpod-$x.scope" "libpod_parent/libpod-$x" \
    "$u/docker-$x.scope" "$u/libpod-$x.scope"; do
  case $v in
  1)
    all="$all cpuacct/$d/cpuacct.usage memory/$d/memory.usage_in_bytes memory/$d/memory.stat"
    all="$all blkio/$d/blkio.throttle.io_service_bytes pids/$d/pids.current"
    firsts="$firsts cpuacct/$d/cgroup.procs" ;;
  2)
    all="$all $d/cpu.stat $d/memory.current $d/memory.max $d/memory.stat $d/io.stat $d/pids.current"
    firsts="$firsts $d/cgroup.procs $d/container/cgroup.procs" ;;
  esac
done
numbers="^([0-9]+\$|max\$|cpu|usage_usec |$m |hierarchical_memory_limit |[0-9]+:[0-9]+ (Read|Write|rbytes)|[0-9]+\\.[0-9]"
numbers="$numbers|(Mem|Swap)(Total|Free|Available):|(Buffers|Cached|SReclaimable):"
numbers="$numbers| *[0-9]+ +[0-9]+ [a-z]| *([^v ]|v[^e]|ve[^t])[^: ]*: *[0-9]+ +[0-9])"
read_all() {
  grep -sHE "$numbers" "$@" && return
  # more names than a program takes at once
  [ $? -ne 126 ] || printf '%s\0' "$@" | xargs -0 grep -sHE "$numbers"
}
while read -r n what; do
  case $what in
  p)
    net=
    for i in $(grep -sHm1 . $firsts); do
      printf '%s\n' "$i"
      i=${i##*:}
      case $i in '' | *[!0-9]*) ;; *) net="$net $p/$i/net/dev" ;; esac
    done ;;
  esac
  case $what in
  r | p) read_all $p/stat $p/meminfo $p/loadavg $p/uptime $p/diskstats $p/net/dev $all $net $p/net/dev ;;
  d)
    grep -sHE '^(/dev/|[^ ]+ [^ ]+ (zfs|bcachefs) )' $p/mounts
    printf '%s\n' "$s"/block/*/device "$s"/class/net/*/device ;;
  f)
    printf 'clock %s\n' "$(date +%s.%N)"
    printf 'kernel %s\n' "$(uname -r)"
    printf 'architecture %s\n' "$(uname -m)"
    printf 'hostname %s\n' "$(uname -n)"
    grep -sHE '^PRETTY_NAME=' /etc/os-release /usr/lib/os-release
    grep -sHE '^(processor|model name|cpu model|cpu|uarch|Model|Hardware|CPU implementer|CPU part)[[:space:]]*:' $p/cpuinfo
    grep -sHE '^(MemTotal:|cpu[0-9])' $p/meminfo $p/stat ;;
  esac
  printf '%s %s\n' "$0" "$n" || exit
done
