/* SPDX-License-Identifier: MIT */
#include "app/doctor.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "app/health.h"
#include "base/clock.h"
#include "base/text.h"
#include "gpio/line.h"

enum { MAX_MEND = 512, MAX_GROUPS = 64, MAX_COMPATIBLE = 4096 };

static const char service_user[] = "pin2mqtt"; /* of the Debian package */

bool doctor_is_contained(void)
{
	return access("/.dockerenv", F_OK) == 0 ||
	       access("/run/.containerenv", F_OK) == 0 ||
	       access("/run/systemd/container", F_OK) == 0;
}

bool doctor_is_real(const struct config_sensor *sensor)
{
	return strncmp(sensor->pin, "sim/", 4) != 0 &&
	       strncmp(sensor->pin, "replay:", 7) != 0;
}

/* line: "1 of 2 sensors online, ..." and more lines */
static void tell_running(struct doctor *doctor, const char *line)
{
	static const struct finding ok = { .id = "gateway", .level = FINDING_OK };
	static const struct finding unread = {
		"gateway_unread", FINDING_PROBLEM,
		"their readings are missing, and Home Assistant shows them as unavailable"
	};
	int length = (int)strcspn(line, "\n");
	unsigned num_online, num_sensors;

	if (sscanf(line, "%9u of %9u sensors", &num_online, &num_sensors) == 2 &&
	    num_online < num_sensors)
		findings_add(&doctor->findings, &unread,
			     "its log says which and why: journalctl -u pin2mqtt -p "
			     "warning; with the gateway stopped doctor asks each itself",
			     "the gateway runs, and not all sensors are read: %.*s",
			     length, line);
	else
		findings_add(&doctor->findings, &ok, NULL, "the gateway runs: %.*s",
			     length, line);
}

bool doctor_is_gateway(const struct doctor *doctor, const struct holder *holder)
{
	if (!doctor->is_running)
		return false;
	return holder->process && doctor->gateway.pid
		       ? holder->process == doctor->gateway.pid
		       : holder->user == doctor->gateway.uid;
}

void doctor_check_gateway(struct doctor *doctor)
{
	static const struct finding ok = { .id = "gateway", .level = FINDING_OK };
	static const struct finding hangs = {
		"gateway_hangs", FINDING_PROBLEM,
		"what hangs reads nothing, and nothing but a restart mends it"
	};
	char answer[HEALTH_MAX_ANSWER];
	int error = health_ask(doctor->path, answer, &doctor->gateway);

	doctor->is_running = error != -ECONNREFUSED;
	if (error == -ECONNREFUSED)
		findings_add(&doctor->findings, &ok, NULL,
			     "no gateway runs here with this configuration");
	else if (error || strncmp(answer, "healthy\n", 8) != 0)
		findings_add(
			&doctor->findings, &hangs, "sudo systemctl restart pin2mqtt",
			"the gateway runs, but a part of it hangs or does not answer");
	else
		tell_running(doctor, answer + 8);
	doctor->has_rival = !error && strstr(answer, "\"rival\":true");
}

/* "6.1.29-rpi" as 6001029. */
static unsigned kernel_number(const char *release)
{
	unsigned major = 0, minor = 0, patch = 0;

	if (sscanf(release, "%3u.%3u.%3u", &major, &minor, &patch) < 2)
		return 0;
	return major * 1000000 + minor * 1000 + patch;
}

/* Whether the device tree of the board names the maker. */
static bool board_is_of(const char *maker)
{
	char data[MAX_COMPATIBLE];
	FILE *file = fopen("/sys/firmware/devicetree/base/compatible", "re");
	size_t num_bytes;

	if (!file)
		return false;
	num_bytes = fread(data, 1, sizeof(data), file);
	fclose(file);
	return memmem(data, num_bytes, maker, strlen(maker)) != NULL;
}

void doctor_check_kernel(struct doctor *doctor)
{
	static const struct finding ok = { .id = "kernel", .level = FINDING_OK };
	static const struct finding old = {
		"kernel_old", FINDING_PROBLEM,
		"the GPIO library asks the kernel in a way that this one does not know"
	};
	static const struct finding close_edges = {
		"kernel_bcm2835", FINDING_WARNING,
		"this kernel loses edges of a BCM2835 family chip that come close "
		"together"
	};
	static const struct finding debounce = { "kernel_allwinner", FINDING_WARNING,
						 "Allwinner chips sample their pins at "
						 "32 kHz by default: of 80 edges some 20 "
						 "arrive" };
	/* libgpiod 2 speaks the second version of the interface, which came with 5.10. */
	bool is_second = strncmp(line_library(), "libgpiod 1", 10) != 0;
	struct utsname name;

	if (uname(&name) != 0)
		return;

	unsigned number = kernel_number(name.release);

	if (number < (is_second ? 5010000U : 4008000U))
		findings_add(&doctor->findings, &old,
			     "use a kernel from 5.10 on, or a build with libgpiod 1.6",
			     "kernel %s is too old for %s", name.release, line_library());
	else
		findings_add(&doctor->findings, &ok, NULL, "kernel %s, %s", name.release,
			     line_library());
	/* raspberrypi/linux pull request 5457, May 2023 */
	if (number < 6001030U && board_is_of("brcm,bcm2"))
		findings_add(&doctor->findings, &close_edges,
			     "sudo apt update && sudo apt full-upgrade && sudo reboot",
			     "kernel %s is from before the remedy of May 2023",
			     name.release);
	if (board_is_of("allwinner,"))
		findings_add(&doctor->findings, &debounce,
			     "set input-debounce = <1 1 1 1 1 1 1> in the device tree's "
			     "pin controller",
			     "this board has an Allwinner chip");
}

void doctor_check_clock(struct doctor *doctor)
{
	static const struct finding ok = { .id = "clock", .level = FINDING_OK };
	static const struct finding unsynced = {
		"clock_unsynced", FINDING_WARNING,
		"readings carry a wrong time, marked \"clock\":\"unsynced\""
	};

	if (clock_is_synced())
		findings_add(&doctor->findings, &ok, NULL, "the clock is synchronised");
	else
		findings_add(&doctor->findings, &unsynced,
			     "sudo timedatectl set-ntp true",
			     "the clock is not synchronised");
}

static bool wants_chips(const struct doctor *doctor)
{
	for (size_t i = 0; doctor->config && i < doctor->config->num_sensors; i++) {
		if (doctor_is_real(&doctor->config->sensors[i]))
			return true;
	}
	return !doctor->config;
}

static void tell_no_chips(struct doctor *doctor)
{
	static const struct finding unneeded = { .id = "chips", .level = FINDING_OK };
	static const struct finding none = {
		"chips_none", FINDING_PROBLEM, "without a GPIO chip no sensor can be read"
	};

	if (!wants_chips(doctor))
		findings_add(&doctor->findings, &unneeded, NULL,
			     "no GPIO chips, and no sensor needs one");
	else if (doctor_is_contained())
		findings_add(&doctor->findings, &none,
			     "start the container with --device /dev/gpiochip0 and "
			     "--group-add \"$(stat -c %g /dev/gpiochip0)\"",
			     "this container has no /dev/gpiochip*");
	else
		findings_add(&doctor->findings, &none,
			     "ls /sys/bus/gpio/devices; zgrep GPIO_CDEV /proc/config.gz",
			     "this machine has no /dev/gpiochip*: no GPIO, or a kernel "
			     "without its driver");
}

static bool is_in_group(const char *user, gid_t wanted)
{
	const struct passwd *entry = getpwnam(user);
	gid_t groups[MAX_GROUPS];
	int num_groups = MAX_GROUPS;

	if (!entry || getgrouplist(user, entry->pw_gid, groups, &num_groups) < 0)
		return !entry;
	for (int i = 0; i < num_groups; i++) {
		if (groups[i] == wanted)
			return true;
	}
	return false;
}

/* How to let a user at the chip, for a group that may use it or for one yet to be made. */
static void write_access_mend(const char *path, const struct stat *file, const char *user,
			      char mend[MAX_MEND])
{
	const struct group *group = getgrgid(file->st_gid);

	if (doctor_is_contained())
		snprintf(mend, MAX_MEND,
			 "start the container with --device %s --group-add %u", path,
			 file->st_gid);
	else if (group && file->st_gid != 0 && (file->st_mode & S_IWGRP))
		snprintf(
			mend, MAX_MEND,
			"sudo usermod -aG %s %s, and log in again or restart the service",
			group->gr_name, user);
	else
		snprintf(
			mend, MAX_MEND,
			"sudo groupadd -f gpio; sudo usermod -aG gpio %s; echo "
			"'SUBSYSTEM==\"gpio\", KERNEL==\"gpiochip*\", GROUP=\"gpio\", "
			"MODE=\"0660\"' | sudo tee /etc/udev/rules.d/60-gpio.rules; sudo "
			"udevadm control --reload; sudo udevadm trigger -s gpio",
			user);
}

const char *doctor_own_name(void)
{
	const struct passwd *entry = getpwuid(geteuid());

	return entry ? entry->pw_name : "$USER";
}

/* What a chip has. */
struct census {
	unsigned num_lines, num_named, num_used;
	char label[LINE_MAX_NAME];
	char first[LINE_MAX_NAME]; /* of the names */
	char last[LINE_MAX_NAME];
};

static void count_line(void *context, const struct line_listed *listed)
{
	struct census *census = context;

	census->num_lines++;
	census->num_used += listed->is_used;
	(void)text_copy(census->label, sizeof(census->label), listed->place.label);
	if (!*listed->place.name)
		return;
	(void)text_copy(census->num_named++ ? census->last : census->first, LINE_MAX_NAME,
			listed->place.name);
}

/* The device may let us open it and refuse us all the same: a container that has the file
 * and not the device. */
static void list_chip(struct doctor *doctor, const char *path)
{
	static const struct finding ok = { .id = "chip", .level = FINDING_OK };
	static const struct finding refused = {
		"chip_refused", FINDING_PROBLEM,
		"the file is there, and the device behind it is not lent to us"
	};
	static const struct finding broken = { "chip_broken", FINDING_PROBLEM,
					       "its lines cannot be read" };
	char reason[LINE_MAX_REASON], mend[MAX_MEND];
	struct census census = { 0 };
	int error = line_list(path, count_line, &census, reason);

	snprintf(mend, sizeof(mend),
		 "start the container with --device %s, not with -v; a service wants "
		 "DeviceAllow=char-gpiochip rw",
		 path);
	if (error == -EACCES)
		findings_add(&doctor->findings, &refused, mend, "%s", reason);
	else if (error)
		findings_add(&doctor->findings, &broken, "dmesg | grep -i gpio", "%s: %s",
			     path, reason);
	else if (census.num_named == 0)
		findings_add(&doctor->findings, &ok, NULL,
			     "%s (%s) has %u lines without names, %u of them in use",
			     path, census.label, census.num_lines, census.num_used);
	else
		findings_add(
			&doctor->findings, &ok, NULL,
			"%s (%s) has %u lines, %u of them in use; %u have names: %s%s%s",
			path, census.label, census.num_lines, census.num_used,
			census.num_named, census.first, *census.last ? " to " : "",
			census.last);
}

static void check_chip(struct doctor *doctor, const char *path)
{
	static const struct finding closed = {
		"chip_access", FINDING_PROBLEM,
		"its lines cannot be read without the right to"
	};
	char mend[MAX_MEND];
	struct stat file;

	/* A Pi 5 has gpiochip4 as a link to gpiochip0. */
	if (lstat(path, &file) != 0 || !S_ISCHR(file.st_mode))
		return;
	if (access(path, R_OK | W_OK) != 0) {
		write_access_mend(path, &file, doctor_own_name(), mend);
		findings_add(&doctor->findings, &closed, mend, "%s may not be used by %s",
			     path, doctor_own_name());
	} else if (geteuid() == 0 && !is_in_group(service_user, file.st_gid)) {
		write_access_mend(path, &file, service_user, mend);
		findings_add(&doctor->findings, &closed, mend,
			     "%s may not be used by %s, whom the service runs as", path,
			     service_user);
	} else {
		list_chip(doctor, path);
	}
}

void doctor_check_chips(struct doctor *doctor)
{
	glob_t paths;

	if (glob("/dev/gpiochip*", 0, NULL, &paths) != 0) {
		tell_no_chips(doctor);
		return;
	}
	doctor->has_chips = true;
	for (size_t i = 0; i < paths.gl_pathc; i++)
		check_chip(doctor, paths.gl_pathv[i]);
	globfree(&paths);
}

void doctor_check_identity(struct doctor *doctor)
{
	static const struct finding ok = { .id = "identity", .level = FINDING_OK };
	static const struct finding derived = { "identity_container", FINDING_WARNING,
						"each new container is another gateway "
						"to the broker and to Home Assistant" };

	if (doctor->config->gateway.is_id_derived && doctor_is_contained())
		findings_add(&doctor->findings, &derived,
			     "set gateway.id in the configuration",
			     "the gateway is called %s after this container",
			     doctor->config->gateway.id);
	else
		findings_add(&doctor->findings, &ok, NULL, "the gateway is called %s",
			     doctor->config->gateway.id);
}
