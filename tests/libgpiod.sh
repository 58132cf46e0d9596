#!/bin/sh
# SPDX-License-Identifier: MIT
# libgpiod.sh - both generations of libgpiod beside each other, each in a tree.
#
#   tests/libgpiod.sh 1|2     prints the tree's path; fetches it when it is not there
#
#   1: 1.6.3, as in Debian 12.   2: 2.x, as in Debian 13 and bookworm-backports.
#
# A tree has include/, lib/ with lib/pkgconfig/libgpiod.pc, and the gpiod tools of
# its generation in bin/. To build against one:
#
#   PKG_CONFIG_PATH=$(tests/libgpiod.sh 2)/lib/pkgconfig cmake ...
#
# Trees are kept in ${XDG_CACHE_HOME:-~/.cache}/pin2mqtt; nothing is installed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC1091
. "$here/apt.sh"

die() {
	echo "libgpiod.sh: $*" >&2
	exit 1
}

generation=${1:-}
codename=$(apt_codename) || die "needs Debian 12 or 13 to take libgpiod from"
case $generation in
1)
	suite=bookworm library=libgpiod2
	;;
2)
	library=libgpiod3
	case $codename in
	bookworm) suite=bookworm-backports ;;
	*) suite=$codename ;;
	esac
	;;
*)
	sed -n '3,/^set/s/^# \{0,1\}//p' "$0" >&2
	exit 64
	;;
esac

# The suite is in the name: Debian 12 and 13 may share a cache.
tree=$PIN2MQTT_CACHE/libgpiod$generation-$suite
mkdir -p "$PIN2MQTT_CACHE"
exec 9>"$tree.lock"
flock 9
if [ ! -e "$tree/lib/pkgconfig/libgpiod.pc" ]; then
	new=$(mktemp -d "$tree.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	apt_fetch "$suite" "$new/deb" "$library" libgpiod-dev gpiod ||
		die "$library, libgpiod-dev and gpiod of $suite could not be fetched"
	for deb in "$new"/deb/*.deb; do
		dpkg-deb -x "$deb" "$new/unpacked"
	done
	mkdir -p "$new/tree/lib/pkgconfig"
	mv "$new/unpacked/usr/bin" "$new/unpacked/usr/include" "$new/tree/"
	for file in "$new"/unpacked/usr/lib/*/libgpiod.so*; do
		mv "$file" "$new/tree/lib/"
	done
	# shellcheck disable=SC2016 # pkg-config expands these
	sed -e "s,^prefix=.*,prefix=$tree," \
		-e 's,^exec_prefix=.*,exec_prefix=${prefix},' \
		-e 's,^libdir=.*,libdir=${prefix}/lib,' \
		-e 's,^includedir=.*,includedir=${prefix}/include,' \
		"$new"/unpacked/usr/lib/*/pkgconfig/libgpiod.pc >"$new/tree/lib/pkgconfig/libgpiod.pc"
	rm -rf "$tree"
	chmod 755 "$new/tree"
	mv "$new/tree" "$tree"
fi
echo "$tree"
