/* SPDX-License-Identifier: MIT */
/* A file of ours begins with what SQLite wants, and the real one follows it. Methods of version
 * 1 do: what later ones have is for shared memory, which an exclusive lock does without. */
#include "store/meter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/sql.h"

struct meter {
	sqlite3_vfs vfs;
	sqlite3_vfs *real; /* borrowed; SQLite's own */
	char name[32]; /* no other meter has it */
	struct meter_counts counts;
};

struct file {
	sqlite3_file base;
	struct meter *meter; /* borrowed; outlives this */
	sqlite3_file real; /* longer than this */
};

static sqlite3_file *real_of(sqlite3_file *file)
{
	return &((struct file *)file)->real;
}

static int on_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int on_read(sqlite3_file *file, void *out, int num_bytes, sqlite3_int64 offset)
{
	return real_of(file)->pMethods->xRead(real_of(file), out, num_bytes, offset);
}

static int on_write(sqlite3_file *file, const void *bytes, int num_bytes,
		    sqlite3_int64 offset)
{
	((struct file *)file)->meter->counts.num_bytes += (uint64_t)num_bytes;
	return real_of(file)->pMethods->xWrite(real_of(file), bytes, num_bytes, offset);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 num_bytes)
{
	return real_of(file)->pMethods->xTruncate(real_of(file), num_bytes);
}

static int on_sync(sqlite3_file *file, int flags)
{
	((struct file *)file)->meter->counts.num_syncs++;
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int on_size(sqlite3_file *file, sqlite3_int64 *out)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), out);
}

static int on_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int on_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int on_reserved(sqlite3_file *file, int *out)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int on_control(sqlite3_file *file, int what, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), what, argument);
}

static int on_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int on_traits(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_size,
	.xLock = on_lock,
	.xUnlock = on_unlock,
	.xCheckReservedLock = on_reserved,
	.xFileControl = on_control,
	.xSectorSize = on_sector,
	.xDeviceCharacteristics = on_traits,
};

static int on_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *out, int flags,
		   int *flags_out)
{
	struct meter *meter = (struct meter *)vfs;
	struct file *file = (struct file *)out;
	int error = meter->real->xOpen(meter->real, path, &file->real, flags, flags_out);

	file->meter = meter;
	/* Without methods SQLite takes it for closed. */
	file->base.pMethods = file->real.pMethods ? &methods : NULL;
	return error;
}

int meter_new(struct meter **out)
{
	struct meter *meter = calloc(1, sizeof(*meter));

	if (!meter)
		return -ENOMEM;
	meter->real = sqlite3_vfs_find(NULL);
	snprintf(meter->name, sizeof(meter->name), "meter %p", (void *)meter);
	meter->vfs = *meter->real;
	meter->vfs.zName = meter->name;
	meter->vfs.szOsFile += (int)sizeof(struct file);
	meter->vfs.xOpen = on_open;
	if (sqlite3_vfs_register(&meter->vfs, 0) != SQLITE_OK) {
		free(meter);
		return -ENOMEM;
	}
	*out = meter;
	return 0;
}

void meter_free(struct meter *meter)
{
	if (!meter)
		return;
	sqlite3_vfs_unregister(&meter->vfs);
	free(meter);
}

const char *meter_name(const struct meter *meter)
{
	return meter->name;
}

struct meter_counts meter_read(const struct meter *meter)
{
	return meter->counts;
}
