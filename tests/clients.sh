#!/bin/sh
# SPDX-License-Identifier: MIT
# clients.sh - what the examples of packaging/clients run on, in the versions that there are.
#
#   tests/clients.sh paho1|paho2     prints a folder for PYTHONPATH: paho-mqtt 1.6 (Debian 12),
#                                    2.1 (Debian 13)
#   tests/clients.sh micropython     prints the path of a program: MicroPython of Debian 13
#   tests/clients.sh influxd         prints the path of a program: InfluxDB 1.6 of Debian 12
#
# Fetched where they are not there, and kept in ${XDG_CACHE_HOME:-~/.cache}/pin2mqtt; nothing is
# installed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC1091
. "$here/apt.sh"

case ${1:-} in
paho1) suite=bookworm packages=python3-paho-mqtt result=usr/lib/python3/dist-packages ;;
paho2) suite=trixie packages=python3-paho-mqtt result=usr/lib/python3/dist-packages ;;
influxd) suite=bookworm packages=influxdb result=usr/bin/influxd ;;
micropython)
	suite=trixie result=micropython
	packages='micropython libc6 libffi8 libmbedcrypto16 libmbedtls21 libmbedx509-7'
	;;
*)
	sed -n '3,/^set/s/^# \{0,1\}//p' "$0" >&2
	exit 64
	;;
esac

tree=$PIN2MQTT_CACHE/client-$1
mkdir -p "$PIN2MQTT_CACHE"
exec 9>"$tree.lock"
flock 9
if [ ! -e "$tree/$result" ]; then
	new=$(mktemp -d "$tree.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	# shellcheck disable=SC2086 # words
	apt_fetch $suite "$new/deb" $packages
	for deb in "$new"/deb/*.deb; do
		dpkg-deb -x "$deb" "$new/tree"
	done
	# It needs a newer libc than Debian 12 has: it comes with its own.
	loader=$(cd "$new/tree" && find . -name 'ld-linux*.so.*' | head -n 1)
	[ "$1" != micropython ] || cat >"$new/tree/micropython" <<-END
		#!/bin/sh
		exec "$tree/$loader" --library-path \\
			"$tree/$(dirname "$loader"):$(echo "$tree"/usr/lib/*-linux-gnu*)" \\
			"$tree/usr/bin/micropython" "\$@"
	END
	[ "$1" != micropython ] || chmod 755 "$new/tree/micropython"
	chmod 755 "$new/tree"
	rm -rf "$tree"
	mv "$new/tree" "$tree"
fi
echo "$tree/$result"
