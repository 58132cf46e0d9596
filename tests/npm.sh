#!/bin/sh
# SPDX-License-Identifier: MIT
# npm.sh - packages of the npm registry, in the versions that a lock file says.
#
#   tests/npm.sh FOLDER    prints a folder with the node_modules of FOLDER/package-lock.json
#
# Fetched where they are not there, and kept in ${XDG_CACHE_HOME:-~/.cache}/pin2mqtt; nothing is
# installed, and no script of a package runs. Status 69: there is no npm.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC1091
. "$here/apt.sh"

if [ $# != 1 ] || [ ! -e "$1/package-lock.json" ]; then
	sed -n '3,/^set/s/^# \{0,1\}//p' "$0" >&2
	exit 64
fi
if ! command -v npm >/dev/null; then
	echo "npm.sh: npm is not installed" >&2
	exit 69
fi
sum=$(cat "$1/package.json" "$1/package-lock.json" | sha256sum | cut -c 1-16)
tree=$PIN2MQTT_CACHE/npm-$sum
mkdir -p "$PIN2MQTT_CACHE"
exec 9>"$tree.lock"
flock 9
if [ ! -e "$tree" ]; then
	new=$(mktemp -d "$tree.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	mkdir "$new/tree"
	cp "$1/package.json" "$1/package-lock.json" "$new/tree/"
	(cd "$new/tree" && npm ci --cache "$new/cache" --ignore-scripts --no-audit --no-fund \
		--no-update-notifier --loglevel=error >&2)
	mv "$new/tree" "$tree"
fi
echo "$tree"
