#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs, runs, upgrades, removes and purges the package in a root of Debian (debootstrap makes one):
#
#   check_in_root.sh ROOT OLD.deb NEW.deb LARDER_SANDBOX
#
# As root. The root is changed: its package lists, what the package depends on. No systemd runs in it, so larderd is
# started by hand; its origin is a larder-sandbox outside.
set -euo pipefail

[[ ${inside:-} ]] || exec env inside=yes unshare --mount --propagation private "$0" "$@"

readonly root=$1 old=$2 new=$3 sandbox_program=$4
readonly api_key=blt0123456789abcdef token=cs0123456789abcdef01234567
scratch=$(mktemp -d)
larderd_pid="" sandbox_pid=""

end() {
  [[ -z $larderd_pid ]] || kill "$larderd_pid" 2>/dev/null || true
  [[ -z $sandbox_pid ]] || kill "$sandbox_pid" 2>/dev/null || true
  rm -rf "$scratch"
}
trap end EXIT

say() { printf '== %s\n' "$*"; }
die() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }
there() { [[ -e $root$1 || -L $root$1 ]] || die "$1 is not there"; }
gone() { [[ ! -e $root$1 && ! -L $root$1 ]] || die "$1 is left: $(ls -lad "$root$1")"; }

wait_until() {
  local deadline=$((SECONDS + 30))
  until "$@"; do
    ((SECONDS < deadline)) || die "not within 30 s: $*"
    [[ -z $larderd_pid ]] || kill -0 "$larderd_pid" || { cat "$scratch/larderd.log" >&2; die "larderd has ended"; }
    sleep 0.1
  done
}

install_package() {
  cp "$1" "$root/tmp/package.deb"
  in_root apt-get install -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 /tmp/package.deb >"$scratch/apt.log" 2>&1 ||
    { cat "$scratch/apt.log" >&2; die "apt-get install $1"; }
  in_root dpkg --audit
  # dpkg-query expands its format itself.
  # shellcheck disable=SC2016
  in_root dpkg-query --show --showformat='${Package} ${Version} ${db:Status-Status}\n' larder
}

start_larderd() {
  # What RuntimeDirectory= and CacheDirectory= do.
  in_root install -d -m 0700 /run/larder /var/cache/larder
  in_root rm -f /tmp/ready.json
  # Not by in_root, whose shell would be between the signals and larderd.
  env -i PATH=/usr/sbin:/usr/bin setpriv --pdeathsig KILL chroot "$root" larderd --config /etc/larder/larder.toml \
    --ready-file /tmp/ready.json >"$scratch/larderd.log" 2>&1 &
  larderd_pid=$!
  wait_until test -e "$root/tmp/ready.json"
}

stop_larderd() {
  kill -TERM "$larderd_pid"
  wait "$larderd_pid" || die "larderd ended with $?"
  larderd_pid=""
}

status_of() {  # the Cache-Status of an entry
  curl -fsS -o /dev/null -w '%header{cache-status}\n' -H "api_key: $api_key" -H "access_token: $token" \
    "http://127.0.0.1:$port/v3/content_types/blog/entries/bltaaaa1111?environment=production"
}

number_in() { sed -n "s/.*\"$2\": *\\([0-9]*\\).*/\\1/p" "$1" | head -n 1; }
is_stored() { in_root larderctl status --json | grep -q '"objects":[1-9]'; }

mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
say "$(sed -n 's/^PRETTY_NAME=//p' "$root/etc/os-release")"
in_root apt-get update -qq

say "install"
install_package "$old"
in_root larderd --version
in_root larderd --check /etc/larder/larder.toml | head -n 1
there /etc/systemd/system/multi-user.target.wants/larderd.service
gone /etc/systemd/system/sockets.target.wants/larderd.socket
in_root dpkg --verify larder

say "run: a miss, then a hit"
setpriv --pdeathsig KILL "$sandbox_program" --listen 127.0.0.1 --delivery-port 0 --preview-port 0 --control-port 0 >"$scratch/sandbox.json" &
sandbox_pid=$!
wait_until grep -q control "$scratch/sandbox.json"
port=$((20000 + RANDOM % 10000))
cat >"$root/etc/larder/larder.toml" <<TOML
[[listener]]
address = "127.0.0.1:$port"
[admin]
socket = "/run/larder/admin.sock"
[cache]
path = "/var/cache/larder"
size = "64MiB"
[ttl.entry]
fresh = "1h"
[upstream]
allow_plain_http = true
allow_private_addresses = true
[[stack]]
api_key = "$api_key"
delivery = "http://127.0.0.1:$(number_in "$scratch/sandbox.json" delivery)"
preview = "http://127.0.0.1:$(number_in "$scratch/sandbox.json" preview)"
[[stack.scope]]
environment = "production"
branches = ["main"]
delivery_tokens = [{ file = "/etc/larder/credentials/production-delivery" }]
TOML
install -d -m 0700 "$root/etc/larder/credentials"
install -m 0600 /dev/stdin "$root/etc/larder/credentials/production-delivery" <<<"$token"
start_larderd
status_of | grep fwd=miss || die "no miss"
wait_until is_stored
status_of | grep 'larder; hit' || die "no hit"
stop_larderd

say "upgrade: configuration and cache are kept"
install_package "$new"
grep -q "127.0.0.1:$port" "$root/etc/larder/larder.toml" || die "the configuration was replaced"
start_larderd
status_of | grep 'larder; hit' || die "the first request after the upgrade is no hit"
in_root larderctl status --json | grep -o '"warm":true' || die "the cache is not warm"
stop_larderd

say "remove: configuration and cache stay; and come back with it"
in_root apt-get remove -qq -y -o Dpkg::Use-Pty=0 larder >/dev/null
gone /usr/sbin/larderd
there /etc/larder/larder.toml
there /var/cache/larder
install_package "$old"
there /etc/systemd/system/multi-user.target.wants/larderd.service

say "an administrator's choice against it holds across an upgrade"
rm "$root/etc/systemd/system/multi-user.target.wants/larderd.service"  # as systemctl disable does
install_package "$new"
gone /etc/systemd/system/multi-user.target.wants/larderd.service

say "purge"
in_root apt-get purge -qq -y -o Dpkg::Use-Pty=0 larder >/dev/null
for path in /etc/larder /etc/logrotate.d/larder /var/cache/larder /var/log/larder /run/larder /usr/sbin/larderd \
  /usr/bin/larderctl /usr/share/doc/larder /etc/systemd/system/multi-user.target.wants/larderd.service \
  /etc/systemd/system/larderd.service /etc/systemd/system/larderd.socket; do
  gone "$path"
done
left=$(find "$root/etc" "$root/var" "$root/usr" "$root/lib" -xdev \( -name 'larder*' -o -name '_larder*' \) \
  -not -path '*/var/cache/apt/*' -not -path '*/var/log/*')
[[ -z $left ]] || die "left: $left"
say "all as it should be"
