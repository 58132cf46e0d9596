/* SPDX-License-Identifier: MIT */
/* SQLite's own way to the disk, with faults: what a full, failing or read-only disk answers. */
#ifndef UNIT_FAULTY_DISK_H
#define UNIT_FAULTY_DISK_H

/* What the calls answer from here on, as SQLITE_FULL; 0: the disk is well. */
struct faulty_disk {
	int write_error;
	int read_error;
	int sync_error;
	int num_syncs; /* counted */
	long long num_bytes; /* written; counted */
};

extern struct faulty_disk faulty_disk;

/* Puts it under all files that SQLite opens from here on. */
void faulty_disk_install(void);

#endif
