#!/usr/bin/env bash
# One host of the lab: what happens inside. Called by scripts/lab.sh, in the host's network namespace.
#   enter LAB NAME -> own cgroup, then new namespaces -> root -> init (the host's first process)
set -euo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LAB=$2 NAME=$3
DIR=$LAB/$NAME

enter() {
  local c
  for c in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [[ ! -e $c/$LAB_CGROUP/cgroup.procs ]] || echo $$ >"$c/$LAB_CGROUP/cgroup.procs" 2>/dev/null || cpuset "$c"
  done
  exec unshare --uts --ipc --mount --pid --cgroup --fork --kill-child bash "$0" root "$LAB" "$NAME"
}

# cgroup v1 only: a new cpuset is empty and takes no process until it is told its cores.
cpuset() {
  local path=$1 part f
  for part in ${LAB_CGROUP//\// }; do
    for f in cpuset.cpus cpuset.mems; do cat "$path/$f" >"$path/$part/$f"; done
    path=$path/$part
  done
  echo $$ >"$path/cgroup.procs"
}

# A root of its own: an overlay over this machine's, writable, that dies with the mount namespace.
root() {
  local r=$DIR/root f pid
  read -r pid _ </proc/self/stat # /proc is still the outer one: this is the pid the machine sees
  mount --make-rprivate /
  mount -t overlay overlay -o "lowerdir=/,upperdir=$DIR/upper,workdir=$DIR/work" "$r"
  mount -t tmpfs tmpfs "$r/run" && mount -t tmpfs tmpfs "$r/tmp" && chmod 1777 "$r/tmp"
  mount -t sysfs sysfs "$r/sys"
  mount -t tmpfs -o mode=755 tmpfs "$r/dev"
  cp -a /dev/{null,zero,full,random,urandom,tty} "$r/dev/"
  cp -a /dev/fuse "$r/dev/" 2>/dev/null || true
  ln -s /proc/self/fd "$r/dev/fd"
  mkdir "$r/dev/pts" "$r/dev/shm" && mount -t tmpfs tmpfs "$r/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$r/dev/pts" && ln -s pts/ptmx "$r/dev/ptmx"
  cgroups "$r/sys/fs/cgroup"
  mkdir -p "$r/var/lib/docker" "$r/.old" && mount --bind "$DIR/docker" "$r/var/lib/docker"
  for f in sshd.log dockerd.log; do
    touch "$DIR/$f" "$r/var/log/$f" && mount --bind "$DIR/$f" "$r/var/log/$f"
  done
  first_boot "$r"
  cat >"$r/run/lab.env" <<<"docker=$(cat "$LAB/docker.flag")"
  cp "$0" "$r/run/lab-host.sh"
  [[ ! -s $LAB/busybox.tar ]] || cp "$LAB/busybox.tar" "$r/run/"
  echo "$pid" >"$DIR/pid"
  cd "$r"
  pivot_root . .old
  exec chroot . /bin/bash /run/lab-host.sh init "$LAB" "$NAME"
}

cgroups() {
  local c
  if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then # v2: processes sit in a leaf, so that controllers can be passed down
    mount -t cgroup2 cgroup2 "$1"
    mkdir -p "$1/init" && echo 0 >"$1/init/cgroup.procs"
    sed 's/ / +/g; s/^/+/' "$1/cgroup.controllers" >"$1/cgroup.subtree_control" || true
  else
    mount -t tmpfs -o mode=755 tmpfs "$1"
    while IFS=: read -r _ c _; do
      [[ -n $c ]] || continue
      if [[ $c == name=* ]]; then mkdir "$1/${c#name=}"; else mkdir "$1/$c"; fi
      mount -t cgroup -o "$c" cgroup "$1/${c#name=}" 2>/dev/null || rmdir "$1/${c#name=}"
    done </proc/self/cgroup
  fi
}

first_boot() {
  local r=$1
  [[ ! -e $r/etc/lab-host ]] || return 0
  echo "$NAME" | tee "$r/etc/hostname" >"$r/etc/lab-host"
  printf '127.0.0.1 localhost %s\n' "$NAME" >"$r/etc/hosts"
  # What the machine itself has of docker and sshd is not this host's.
  rm -rf "$r/etc/docker/"* "$r/etc/ssh/ssh_host_"* "$r/etc/ssh/sshd_config.d/"*
  mkdir -p "$r/etc/docker" && echo '{}' >"$r/etc/docker/daemon.json"
  cat >"$r/etc/ssh/sshd_config" <<'CONF'
LogLevel VERBOSE
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PrintMotd no
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
CONF
  cat >"$r/usr/local/sbin/lab-sshd" <<'RUN'
#!/bin/sh
# (Re)start this host's sshd; `lab-sshd newkey` replaces its host keys first. Open connections live on.
[ "${1:-}" != newkey ] || rm -f /etc/ssh/ssh_host_*
ssh-keygen -A >/dev/null
mkdir -p /run/sshd
old=$(cat /run/sshd.pid 2>/dev/null) && kill "$old" && while kill -0 "$old" 2>/dev/null; do sleep 0.02; done
rm -f /run/sshd.pid
/usr/sbin/sshd -E /var/log/sshd.log </dev/null >/dev/null 2>&1
until [ -s /run/sshd.pid ]; do sleep 0.02; done
RUN
  chmod +x "$r/usr/local/sbin/lab-sshd"
  chroot "$r" groupadd -f -r docker
  chroot "$r" useradd -m -s /bin/bash -G docker -p '*' polly 2>/dev/null
  install -d -m 700 "$r/home/polly/.ssh"
  install -m 600 "$LAB/key.pub" "$r/home/polly/.ssh/authorized_keys"
  chroot "$r" chown -R polly: /home/polly/.ssh
}

init() {
  mount -t proc proc /proc
  umount -l /.old && rmdir /.old
  hostname "$NAME"
  mount --make-rshared /
  local docker
  . /run/lab.env
  lab-sshd &
  if $docker; then
    dockerd </dev/null >/var/log/dockerd.log 2>&1 &
    until docker version >/dev/null 2>&1; do sleep 0.1; done
    docker image inspect busybox:1.35 >/dev/null 2>&1 || docker import /run/busybox.tar busybox:1.35 >/dev/null
    rm -f /run/busybox.tar
    wait -n %1 2>/dev/null || true
  else
    wait %1
  fi
  echo ready
  while :; do sleep infinity; done # bash, as the first process, reaps what is left to it
}

"$1"
