/* SPDX-License-Identifier: MIT */
/* Any bytes as a request, the first one as its verb: what is taken is within its bounds, and the
 * answer to it is one line of JSON that ends. */
#include <stdlib.h>
#include <string.h>

#include "publish/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t num_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t num_bytes)
{
	char error[REQUEST_MAX_ERROR] = "", answer[4096];
	struct request request;
	struct text text;

	if (num_bytes == 0)
		return 0;

	int result = request_parse(data[0] % NUM_REQUEST_VERBS, (const char *)data + 1,
				   num_bytes - 1, &request, error);

	if ((result == 0) != (error[0] == '\0') ||
	    request.num_frames > REQUEST_MAX_FRAMES ||
	    strnlen(error, sizeof(error)) == sizeof(error))
		abort();
	text_init(&text, answer, sizeof(answer));
	request_refuse(&text, &request, error);
	if (text.is_cut || strchr(answer, '\n') || answer[text.length - 1] != '}')
		abort();
	return 0;
}
