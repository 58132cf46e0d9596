/* SPDX-License-Identifier: MIT */
#include "app/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.h"
#include "store/examine.h"

enum { MAX_PATH = 1024, MAX_MEND = MAX_PATH + 128 };

static const char why_lost[] =
	"readings that wait for the broker are kept in memory only: a "
	"restart loses them";

/* The folder of the store's file. */
static void folder_of(const char *path, char folder[MAX_PATH])
{
	const char *slash = strrchr(path, '/');

	snprintf(folder, MAX_PATH, "%.*s",
		 slash ? (int)(slash - path) + (slash == path) : 1, slash ? path : ".");
}

/* Whether there is such a folder for us, or the gateway can make it. */
static bool may_write(const char *folder)
{
	char parent[MAX_PATH];

	if (access(folder, W_OK | X_OK) == 0)
		return true;
	if (errno != ENOENT)
		return false;
	folder_of(folder, parent);
	return access(parent, W_OK | X_OK) == 0;
}

/* Of the folder, or of the one that the gateway will make it in. */
static bool see_space(const char *folder, struct statvfs *out)
{
	char parent[MAX_PATH];

	if (statvfs(folder, out) == 0)
		return true;
	folder_of(folder, parent);
	return statvfs(parent, out) == 0;
}

void doctor_check_space(struct doctor *doctor)
{
	static const struct finding ok = { .id = "store", .level = FINDING_OK };
	static const struct finding full = { "store_full", FINDING_WARNING, why_lost };
	struct statvfs space;
	char folder[MAX_PATH], mend[MAX_MEND];

	if (doctor->config->store.durability == CONFIG_NONE)
		return;
	folder_of(doctor->config->store.path, folder);
	if (!see_space(folder, &space))
		return;

	uint64_t free_bytes = (uint64_t)space.f_bavail * space.f_frsize;

	if (free_bytes >= doctor->config->store.max_bytes) {
		findings_add(&doctor->findings, &ok, NULL, "%s has room for the store",
			     folder);
		return;
	}
	snprintf(mend, sizeof(mend), "df -h %s; make room, or set store.max_size lower",
		 folder);
	findings_add(&doctor->findings, &full, mend,
		     "%s has %" PRIu64 " KiB left, and the store may take %" PRIu64
		     " KiB",
		     folder, free_bytes / 1024, doctor->config->store.max_bytes / 1024);
}

/* One that the gateway found damaged and set aside. */
static void tell_set_aside(struct doctor *doctor)
{
	static const struct finding aside = {
		"store_set_aside", FINDING_WARNING,
		"readings that waited in it were not posted, and a disk that damages one "
		"file damages the next"
	};
	char folder[MAX_PATH], prefix[MAX_PATH], mend[MAX_MEND + MAX_PATH];
	const char *path = doctor->config->store.path;
	const char *slash = strrchr(path, '/');
	struct dirent *entry;
	DIR *entries;

	folder_of(path, folder);
	snprintf(prefix, sizeof(prefix), "%s.corrupt-", slash ? slash + 1 : path);
	entries = opendir(folder);
	while (entries && (entry = readdir(entries))) {
		const char *digits = entry->d_name + strlen(prefix);

		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 ||
		    digits[strspn(digits, "0123456789")] != '\0')
			continue;
		snprintf(mend, sizeof(mend),
			 "sudo dmesg | grep -i -e mmc -e 'I/O error' tells of the disk; "
			 "then sudo rm %s/%s*",
			 folder, entry->d_name);
		findings_add(&doctor->findings, &aside, mend,
			     "%s/%s was the store, and is damaged", folder,
			     entry->d_name);
	}
	if (entries)
		closedir(entries);
}

/* Whether a process has it; another one than the gateway is told. */
static bool is_in_use(struct doctor *doctor)
{
	static const struct finding busy = { "store_busy", FINDING_WARNING, why_lost };
	char words[HOLDER_MAX_WORDS];
	struct holder holder;

	if (!holder_of_file(doctor->config->store.path, &holder))
		return false;
	holder_words(&holder, words);
	if (!doctor_is_gateway(doctor, &holder))
		findings_add(&doctor->findings, &busy,
			     "end that one, or give each gateway a store.path of its own",
			     "%s: %s has it", doctor->config->store.path, words);
	return true;
}

/* What the gateway would say of the file at its start. */
static void check_file(struct doctor *doctor)
{
	static const struct finding damaged = { "store_damaged", FINDING_WARNING,
						"the gateway will set it aside and begin "
						"a new one: readings that wait in "
						"it are not posted" };
	static const struct finding later = { "store_later", FINDING_WARNING, why_lost };
	const char *path = doctor->config->store.path;
	char reason[DATABASE_MAX_REASON];
	struct holder holder;
	int error;

	if (is_in_use(doctor) || access(path, F_OK) != 0)
		return;
	error = examine_file(path, reason);
	/* A gateway that started meanwhile knows better. */
	if ((error != -EBADMSG && error != -EPROTO) || holder_of_file(path, &holder))
		return;
	if (error == -EBADMSG)
		findings_add(
			&doctor->findings, &damaged,
			"sudo dmesg | grep -i -e mmc -e 'I/O error' tells of the disk",
			"%s is damaged: %s", path, reason);
	else
		findings_add(
			&doctor->findings, &later,
			"install that pin2mqtt again, or set store.path to a new file",
			"%s: %s", path, reason);
}

void doctor_check_store(struct doctor *doctor)
{
	static const struct finding closed = { "store_closed", FINDING_WARNING,
					       why_lost };
	const char *path = doctor->config->store.path;
	char folder[MAX_PATH], mend[MAX_MEND];

	if (doctor->config->store.durability == CONFIG_NONE)
		return;
	folder_of(path, folder);
	snprintf(mend, sizeof(mend), "sudo install -d -o %s -m 700 %s", doctor_own_name(),
		 folder);
	if (!may_write(folder))
		findings_add(&doctor->findings, &closed, mend, "%s: %s", folder,
			     strerror(errno));
	else if (access(path, F_OK) == 0 && access(path, R_OK | W_OK) != 0)
		findings_add(&doctor->findings, &closed, mend, "%s: %s", path,
			     strerror(errno));
	else {
		doctor_check_space(doctor);
		check_file(doctor);
	}
	tell_set_aside(doctor);
}
