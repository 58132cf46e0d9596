/* SPDX-License-Identifier: MIT */
#include "unit/faulty_disk.h"

#include <sqlite3.h>

#include "unit/cmocka_test.h"

struct faulty_disk faulty_disk;

/* SQLite has a few kinds of files, each with its methods, and ours in front of them. */
static struct {
	const sqlite3_io_methods *real;
	sqlite3_io_methods ours;
} kinds[8];

static int (*real_open)(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
			int *flags_out);

static const sqlite3_io_methods *real_of(const sqlite3_file *file)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (file->pMethods == &kinds[i].ours)
			return kinds[i].real;
	}
	fail();
	return NULL;
}

static int faulty_read(sqlite3_file *file, void *out, int num_bytes, sqlite3_int64 offset)
{
	return faulty_disk.read_error
		       ? faulty_disk.read_error
		       : real_of(file)->xRead(file, out, num_bytes, offset);
}

static int faulty_write(sqlite3_file *file, const void *bytes, int num_bytes,
			sqlite3_int64 offset)
{
	if (faulty_disk.write_error)
		return faulty_disk.write_error;
	faulty_disk.num_bytes += num_bytes;
	return real_of(file)->xWrite(file, bytes, num_bytes, offset);
}

static int faulty_sync(sqlite3_file *file, int flags)
{
	if (faulty_disk.sync_error)
		return faulty_disk.sync_error;
	(void)file;
	(void)flags;
	faulty_disk.num_syncs++;
	return SQLITE_OK; /* no power is cut here */
}

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		       int *flags_out)
{
	int error = real_open(vfs, name, file, flags, flags_out);
	size_t i = 0;

	if (error)
		return error;
	while (kinds[i].real && kinds[i].real != file->pMethods)
		i++;
	assert_true(i < sizeof(kinds) / sizeof(kinds[0]));
	kinds[i].real = file->pMethods;
	kinds[i].ours = *file->pMethods;
	kinds[i].ours.xRead = faulty_read;
	kinds[i].ours.xWrite = faulty_write;
	kinds[i].ours.xSync = faulty_sync;
	file->pMethods = &kinds[i].ours;
	return SQLITE_OK;
}

void faulty_disk_install(void)
{
	static sqlite3_vfs vfs;

	vfs = *sqlite3_vfs_find(NULL);
	real_open = vfs.xOpen;
	vfs.zName = "faulty";
	vfs.xOpen = faulty_open;
	assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}
