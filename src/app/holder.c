/* SPDX-License-Identifier: MIT */
#include "app/holder.h"

#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_LINE = 512, MAX_HEX = 33, MAX_LINK = 64, MAX_PATH = 64, LISTENING = 0x0a };

static void read_name(struct holder *holder)
{
	char path[MAX_PATH];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)holder->process);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(holder->name, sizeof(holder->name), file))
		holder->name[strcspn(holder->name, "\n")] = '\0';
	fclose(file);
}

bool holder_of_file(const char *path, struct holder *out)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is_held =
		fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;

	*out = (struct holder){ .process = is_held && lock.l_pid > 0 ? lock.l_pid : 0,
				.user = (uid_t)-1 };
	if (fd >= 0)
		close(fd);
	if (out->process)
		read_name(out);
	return is_held;
}

/* As /proc/net/tcp has it: words of 32 bits, each a number of this machine. */
static void write_hex(const struct address *address, char out[MAX_HEX])
{
	uint32_t words[4];
	size_t num_words = address->storage.ss_family == AF_INET6 ? 4 : 1;

	if (num_words == 4)
		memcpy(words,
		       &((const struct sockaddr_in6 *)&address->storage)->sin6_addr,
		       sizeof(words));
	else
		memcpy(words, &((const struct sockaddr_in *)&address->storage)->sin_addr,
		       sizeof(words[0]));
	for (size_t i = 0; i < num_words; i++)
		snprintf(out + 8 * i, 9, "%08" PRIX32, words[i]);
}

/* Both families have it in the same place. */
static unsigned port_of(const struct address *address)
{
	return ntohs(((const struct sockaddr_in *)&address->storage)->sin_port);
}

/* Returns the number of the socket that listens there, 0: none in this table. */
static unsigned long find_socket(const char *table, const struct address *address,
				 uid_t *user_out)
{
	char line[MAX_LINE], wanted[MAX_HEX], host[MAX_HEX];
	FILE *file = fopen(table, "re");
	unsigned long inode = 0;

	if (!file)
		return 0;
	write_hex(address, wanted);
	while (!inode && fgets(line, sizeof(line), file)) {
		unsigned port, state, user;
		unsigned long number;

		if (sscanf(line, "%*s %32[0-9A-F]:%x %*s %x %*s %*s %*s %u %*s %lu", host,
			   &port, &state, &user, &number) != 5 ||
		    state != LISTENING || port != port_of(address))
			continue;
		if (strspn(host, "0") == strlen(host) || strcmp(host, wanted) == 0) {
			inode = number;
			*user_out = user;
		}
	}
	fclose(file);
	return inode;
}

/* Which process has it open; 0 where we may not see it. */
static pid_t find_process(unsigned long inode)
{
	char wanted[MAX_LINK], found[MAX_LINK];
	pid_t process = 0;
	glob_t links;

	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	if (glob("/proc/[0-9]*/fd/*", GLOB_NOSORT, NULL, &links) != 0)
		return 0;
	for (size_t i = 0; i < links.gl_pathc && !process; i++) {
		ssize_t length = readlink(links.gl_pathv[i], found, sizeof(found) - 1);

		found[length > 0 ? length : 0] = '\0';
		if (strcmp(found, wanted) == 0)
			process = (pid_t)strtol(links.gl_pathv[i] + strlen("/proc/"),
						NULL, 10);
	}
	globfree(&links);
	return process;
}

bool holder_of_address(const struct address *address, struct holder *out)
{
	unsigned long inode;

	*out = (struct holder){ 0 };
	inode = find_socket("/proc/net/tcp", address, &out->user);
	if (!inode)
		inode = find_socket("/proc/net/tcp6", address, &out->user);
	if (!inode)
		return false;
	out->process = find_process(inode);
	if (out->process)
		read_name(out);
	return true;
}

void holder_words(const struct holder *holder, char out[HOLDER_MAX_WORDS])
{
	if (holder->process)
		snprintf(out, HOLDER_MAX_WORDS, "%s (process %d)", holder->name,
			 (int)holder->process);
	else
		snprintf(out, HOLDER_MAX_WORDS, "another process");
}
