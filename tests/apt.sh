# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# apt.sh - Debian packages of another suite, without touching this machine's.
#
# Sourced by the scripts that need a package in a version that this Debian does
# not have. The lists and archives live in the cache folder; the sources, the
# lists and the packages of the machine stay as they are. Root is not needed.

PIN2MQTT_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/pin2mqtt

# apt_codename: prints bookworm, trixie, ...; fails off Debian.
apt_codename() {
	# shellcheck disable=SC1091
	(. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME")
}

# apt_mirror: prints the address of the archive that this machine uses.
apt_mirror() {
	sed -n 's/^URIs: *\([^ ]*\).*/\1/p
		s/^deb \(\[[^]]*\] \)*\([a-z]*:[^ ]*\) .*/\2/p' \
		/etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null |
		grep -v security | head -n 1
}

# apt_fetch SUITE FOLDER PACKAGE...: puts the packages' .deb files into FOLDER.
apt_fetch() {
	suite=$1
	folder=$2
	shift 2
	state=$PIN2MQTT_CACHE/apt/$suite
	mirror=$(apt_mirror)
	keys=/usr/share/keyrings/debian-archive-keyring.gpg
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$folder"
	: >"$state/status"
	echo "deb [signed-by=$keys] ${mirror:-http://deb.debian.org/debian} $suite main" \
		>"$state/sources.list"
	cat >"$state/apt.conf" <<-END
		Dir::Etc::SourceList "$state/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		Dir::State::Lists "$state/lists";
		Dir::State::Status "$state/status";
		Dir::Cache "$state/cache";
		Acquire::Languages "none";
		APT::Sandbox::User "";
	END
	(
		APT_CONFIG=$state/apt.conf
		export APT_CONFIG
		# Lists of the last hour are fresh enough, and offline old ones will do.
		if [ -z "$(find "$state/fresh" -mmin -60 2>/dev/null)" ]; then
			apt-get update -qq >&2 && touch "$state/fresh" ||
				echo "apt.sh: the lists of $suite could not be renewed" >&2
		fi
		cd "$folder" && apt-get download -qq "$@" >&2
	)
}
