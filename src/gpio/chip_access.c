/* SPDX-License-Identifier: MIT */
#include "gpio/chip.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

enum { DATABASE_BYTES = 4096, MAX_ACCOUNT = 40, MAX_GROUPS = 1024 };

/* A user's or group's name, or its number where it has none (in a container, often). */
static void name_account(bool is_group, uint32_t id, char out[MAX_ACCOUNT])
{
	char data[DATABASE_BYTES];
	struct passwd user, *found_user = NULL;
	struct group group, *found_group = NULL;
	const char *name = NULL;
	struct text text;

	if (is_group && !getgrgid_r(id, &group, data, sizeof(data), &found_group) &&
	    found_group)
		name = group.gr_name;
	if (!is_group && !getpwuid_r(id, &user, data, sizeof(data), &found_user) &&
	    found_user)
		name = user.pw_name;
	text_init(&text, out, MAX_ACCOUNT);
	if (name)
		text_add(&text, "%s", name);
	else
		text_add(&text, "%u", id);
}

/* group_member() is glibc's alone. */
static bool is_in_group(gid_t wanted)
{
	gid_t groups[MAX_GROUPS];
	int num_groups = getgroups(MAX_GROUPS, groups);

	for (int i = 0; i < num_groups; i++) {
		if (groups[i] == wanted)
			return true;
	}
	return getegid() == wanted;
}

/* Whether the file's mode would let us in: then something else keeps us out. */
static bool mode_allows(const struct stat *file)
{
	if (geteuid() == 0)
		return true;
	if (geteuid() == file->st_uid)
		return (file->st_mode & S_IRUSR) && (file->st_mode & S_IWUSR);
	if (is_in_group(file->st_gid))
		return (file->st_mode & S_IRGRP) && (file->st_mode & S_IWGRP);
	return (file->st_mode & S_IROTH) && (file->st_mode & S_IWOTH);
}

void chip_explain_access(const char *path, struct text *out)
{
	char owner[MAX_ACCOUNT], group[MAX_ACCOUNT], user[MAX_ACCOUNT];
	struct stat file;

	if (stat(path, &file) != 0) {
		text_add(out, "%s may not be opened", path);
		return;
	}
	name_account(false, file.st_uid, owner);
	name_account(true, file.st_gid, group);
	name_account(false, geteuid(), user);
	text_add(out, "%s may not be opened (it is %s:%s, mode %04o): ", path, owner,
		 group, file.st_mode & 07777);
	if (mode_allows(&file))
		text_add(out, "the container lacks --device %s", path);
	else if (file.st_gid && (file.st_mode & S_IRGRP) && (file.st_mode & S_IWGRP))
		text_add(out,
			 "let %s in with `usermod -aG %s %s` and log in again, or in a "
			 "container with --device %s --group-add %u",
			 user, group, user, path, file.st_gid);
	else
		text_add(out, "a udev rule may give it to a group: SUBSYSTEM==\"gpio\", "
			      "GROUP=\"gpio\", MODE=\"0660\"");
}
