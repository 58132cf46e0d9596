/* SPDX-License-Identifier: MIT */
#include "app/doctor.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "metrics/http.h"

/* Returns 0 where we could listen there, or a negative errno. */
static int try_address(const char *listen_text)
{
	struct address address;
	int fd =
		address_parse(listen_text, &address) ? address_listen(&address) : -EINVAL;

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

void doctor_check_http(struct doctor *doctor)
{
	static const struct finding ok = { .id = "http", .level = FINDING_OK };
	static const struct finding closed = {
		"http_closed", FINDING_WARNING,
		"there are no metrics and no status page; readings come all the same"
	};
	const char *listen_text = doctor->config->http.listen;
	int error = listen_text ? try_address(listen_text) : 0;

	if (!listen_text)
		return;
	if (error == -EADDRINUSE && doctor->is_running)
		error = 0; /* the gateway has it */
	if (error)
		findings_add(&doctor->findings, &closed, http_mend(error),
			     "http.listen: %s: %s", listen_text, strerror(-error));
	else
		findings_add(&doctor->findings, &ok, NULL, "http.listen: %s can be had",
			     listen_text);
}
