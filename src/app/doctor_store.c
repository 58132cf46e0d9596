/* SPDX-License-Identifier: MIT */
#include "app/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.h"

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
	else
		doctor_check_space(doctor);
}
