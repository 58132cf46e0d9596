/* SPDX-License-Identifier: MIT */
#include "app/doctor.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "metrics/http.h"

/* Returns 0 where we could listen there, or a negative errno. */
static int try_address(const struct address *address)
{
	int fd = address_listen(address);

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
	char words[HOLDER_MAX_WORDS] = "";
	struct address address;
	struct holder holder;
	bool is_held;
	int error;

	if (!listen_text || !address_parse(listen_text, &address))
		return;
	error = try_address(&address);
	is_held = error == -EADDRINUSE && holder_of_address(&address, &holder);
	if (is_held)
		holder_words(&holder, words);
	if (is_held && doctor_is_gateway(doctor, &holder))
		findings_add(&doctor->findings, &ok, NULL,
			     "http.listen: the gateway listens at %s", listen_text);
	else if (error)
		findings_add(&doctor->findings, &closed, http_mend(error),
			     "http.listen: %s: %s%s%s", listen_text, strerror(-error),
			     is_held ? " by " : "", words);
	else
		findings_add(&doctor->findings, &ok, NULL, "http.listen: %s can be had",
			     listen_text);
}
