# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# root.sh - fresh Debian roots, and running in them.
#
# Sourced by tests/roots and tests/package, after tests/apt.sh. Needs root and mmdebstrap.
# The roots' archives are kept in the cache folder; all that runs in a root or is mounted
# there ends with the command that was run, in name spaces of its own.

# root_check: says what is missing; status 1.
root_check() {
	if [ "$(id -u)" != 0 ]; then
		echo "making a Debian root takes root" >&2
		return 1
	fi
	if ! command -v mmdebstrap >/dev/null; then
		echo "mmdebstrap is missing: apt-get install mmdebstrap" >&2
		return 1
	fi
}

# root_archive SUITE [KIND]: prints the path of a fresh root's archive; makes it when it is
# not there. It has git and certificates, one of the kind bare has not; cross-ARCH has what
# builds packages for ARCH, judges them and runs their programs, too.
root_archive() {
	local file=$PIN2MQTT_CACHE/root-$1${2:+-$2}.tar
	local base=git,ca-certificates options=()
	case ${2:-} in
	bare) ;;
	cross-*) options=("--architectures=$(dpkg --print-architecture),${2#cross-}"
		"--include=$base,crossbuild-essential-${2#cross-},qemu-user,debhelper,lintian") ;;
	*) options=("--include=$base") ;;
	esac
	if [ ! -e "$file" ]; then
		mkdir -p "$PIN2MQTT_CACHE"
		local mirror
		mirror=$(apt_mirror)
		mmdebstrap --quiet --variant=minbase "${options[@]}" "$1" \
			"$file.new.tar" "${mirror:-http://deb.debian.org/debian}" >&2
		mv "$file.new.tar" "$file"
	fi
	echo "$file"
}

# root_new SUITE [KIND]: prints the path of a root, which finds and trusts in the network whom
# this machine does; the caller removes it.
root_new() {
	local file root
	file=$(root_archive "$@") || return 1
	root=$(mktemp -d "$PIN2MQTT_CACHE/root-$1.XXXXXX")
	tar -C "$root" -xf "$file"
	cp /etc/resolv.conf /etc/hosts "$root/etc/"
	[ ! -d "$root/etc/ssl/certs" ] || cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
	echo "$root"
}

# root_enter ROOT COMMAND...: runs it inside, alone with its processes. $SHARED_CACHE is
# lent to it at its own path: what is in it knows where it lies.
root_enter() {
	local root=$1
	shift
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount --pid --fork --kill-child --mount-proc sh -euc '
		root=$1
		shift
		# What makes name spaces of its own in there wants / to be a mount.
		mount --bind "$root" "$root"
		mount --rbind /dev "$root/dev"
		mount -t proc proc "$root/proc"
		mount -t sysfs -o ro sysfs "$root/sys"
		mount -t tmpfs tmpfs "$root/run"
		cache=/srv/.cache
		if [ -n "${SHARED_CACHE:-}" ]; then
			cache=${SHARED_CACHE%/*}
			mkdir -p "$root$SHARED_CACHE"
			mount --bind "$SHARED_CACHE" "$root$SHARED_CACHE"
		fi
		exec env -i HOME=/srv TERM=dumb LANG=C.UTF-8 CI="${CI:-}" XDG_CACHE_HOME="$cache" \
			NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" "$@"
		' sh "$root" "$@"
}

# root_boot ROOT: boots its systemd as the first process of name spaces of their own, with a
# loopback network; returns when it runs. $booted is its process here.
root_boot() {
	local root=$1 groups
	groups=$(awk '$9 == "cgroup2" || $8 == "cgroup2" { print $5; exit }' /proc/self/mountinfo)
	booted_group=${groups:?no cgroup2 is mounted here}/pin2mqtt-$$
	mkdir "$booted_group"
	# shellcheck disable=SC2016 # for the inner shells
	sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' sh "$booted_group" \
		unshare --mount --pid --uts --ipc --cgroup --net --fork --kill-child --mount-proc \
		sh -euc '
		root=$1
		mount --bind "$root" "$root"
		mount -t proc proc "$root/proc"
		mount -t sysfs -o ro sysfs "$root/sys"
		mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
		mount -t tmpfs -o mode=755 tmpfs "$root/dev"
		mount -t tmpfs tmpfs "$root/run"
		mkdir "$root/dev/pts" "$root/dev/shm"
		for device in null zero full random urandom tty; do
			touch "$root/dev/$device"
			mount --bind "/dev/$device" "$root/dev/$device"
		done
		mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
		ln -s pts/ptmx "$root/dev/ptmx"
		ln -s /proc/self/fd "$root/dev/fd"
		# as systemd wants it, which in a container leaves it to us
		mount --make-rshared "$root"
		exec env -i container=pin2mqtt PATH=/usr/sbin:/usr/bin TERM=dumb \
			chroot "$root" /lib/systemd/systemd --system --show-status=0
		' sh "$root" </dev/null >/dev/null 2>&1 &
	booted=$!
	local state=''
	for _ in {1..300}; do
		state=$(root_in_booted systemctl is-system-running 2>/dev/null) || true
		case $state in
		running | degraded) return 0 ;;
		esac
		sleep 0.2
	done
	echo "systemd did not come up: ${state:-no answer}" >&2
	return 1
}

# root_in_booted COMMAND...: runs it beside the booted systemd.
root_in_booted() {
	local first
	first=$(pgrep -P "$booted" | head -n 1) && [ -n "$first" ] || return 1
	nsenter --target "$first" --mount --pid --uts --ipc --cgroup --net --root --wd \
		env -i HOME=/root LANG=C.UTF-8 TERM=dumb DEBIAN_FRONTEND=noninteractive \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# root_shut_down: ends what was booted; nothing where nothing was.
root_shut_down() {
	[ -n "${booted:-}" ] || return 0
	# unshare lets no other signal through; its child ends with it
	kill -KILL "$booted" 2>/dev/null || true
	wait "$booted" 2>/dev/null || true
	booted=
	for _ in {1..50}; do
		find "$booted_group" -depth -type d -exec rmdir {} + 2>/dev/null && break
		sleep 0.1
	done
}
