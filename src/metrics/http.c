/* SPDX-License-Identifier: MIT */
#include "metrics/http.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "base/wake.h"
#include "metrics/answer.h"
#include "metrics/guests.h"
#include "metrics/library.h"
#include "metrics/stream.h"

enum {
	STACK_BYTES = 256 * 1024,
	NICE = 15, /* below all that reads and posts */
	CONNECTION_BYTES = 16 * 1024, /* of a request's headers, and of a response's */
	IDLE_S = 10, /* until the next byte */
	REQUEST_S = 15, /* until a request is complete, or another comes */
	RESPONSE_S = 60, /* until it is taken */
	RETRY_S = 10,
	TICK_MS = 1000, /* a look at what streams are to tell, of which nobody wakes us */
	MAX_BODIES_BYTES = 2 * ANSWER_MAX_BYTES, /* answers on their way */
	STREAM_BLOCK_BYTES = 4096,
};

/* One listener to events. */
struct listener {
	struct http *http; /* borrowed; outlives this */
	struct MHD_Connection *connection; /* borrowed; outlives this */
	bool is_suspended;
	struct listener *next;
	struct stream stream;
};

/* One request, from its headers until its response is taken. */
struct request {
	char *body; /* owned */
	size_t num_bytes;
};

struct http {
	struct address address;
	char *listen; /* owned, as the three below */
	char *token;
	char **hosts;
	char machine[256];
	struct site site;
	struct library library;
	struct MHD_Daemon *daemon; /* owned; NULL: not open */
	struct listener *listeners;
	size_t num_listeners;
	struct guests guests;
	bool has_room_anew; /* a connection has ended since the library looked */
	size_t bodies_bytes;
	bool is_trouble_known; /* it was logged */
	struct wake *wake; /* borrowed; outlives this */
	_Atomic bool is_stopping; /* owner writes */
	struct thread thread;
};

static struct guest *guest_of(struct http *http, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		http->library.MHD_get_connection_info(connection,
						      MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void greet(struct http *http, struct MHD_Connection *connection, void **context)
{
	const union MHD_ConnectionInfo *info =
		http->library.MHD_get_connection_info(connection,
						      MHD_CONNECTION_INFO_CONNECTION_FD);
	/* One that cannot be kept an eye on is let go when it is idle. */
	struct guest *guest = info ? guests_add(&http->guests, info->connect_fd) : NULL;

	guest_give_time(guest, REQUEST_S);
	*context = guest;
}

static void on_connection(void *context, struct MHD_Connection *connection,
			  void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	struct http *http = context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		greet(http, connection, socket_context);
	else
		guests_remove(&http->guests, *socket_context);
	http->has_room_anew = code == MHD_CONNECTION_NOTIFY_CLOSED;
}

static void watch(struct http *http, bool is_watched)
{
	http->site.source.watch(http->site.source.context, is_watched);
}

/* Fills the stream from a snapshot of now. Returns whether there is anything to send. */
static bool fill(struct http *http, struct stream *stream)
{
	const struct source *source = &http->site.source;
	struct snapshot snapshot;
	bool has_news;

	if (source->hold(source->context, &snapshot) != 0)
		return false;
	has_news = stream_fill(stream, &snapshot);
	source->release(source->context, &snapshot);
	return has_news;
}

/* What the library sends next. */
static ssize_t read_stream(void *context, uint64_t position, char *out, size_t max_bytes)
{
	struct listener *listener = context;
	struct http *http = listener->http;

	(void)position;
	if (atomic_load_explicit(&http->is_stopping, memory_order_relaxed))
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (listener->stream.sent == listener->stream.length &&
	    !fill(http, &listener->stream)) {
		listener->is_suspended = true;
		http->library.MHD_suspend_connection(listener->connection);
		return 0;
	}
	return (ssize_t)stream_take(&listener->stream, out, max_bytes);
}

static void end_stream(void *context)
{
	struct listener *listener = context;
	struct http *http = listener->http;
	struct listener **place = &http->listeners;

	while (*place && *place != listener)
		place = &(*place)->next;
	if (*place) {
		*place = listener->next;
		http->num_listeners--;
	}
	if (http->num_listeners == 0)
		watch(http, false);
	stream_finish(&listener->stream);
	free(listener);
}

static enum MHD_Result begin_stream(struct http *http, struct MHD_Connection *connection,
				    const struct answer *answer)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	struct MHD_Response *response;

	if (!listener)
		return MHD_NO;
	listener->http = http;
	listener->connection = connection;
	response = http->library.MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
								   STREAM_BLOCK_BYTES,
								   read_stream, listener,
								   end_stream);
	if (!response) {
		free(listener);
		return MHD_NO;
	}
	listener->next = http->listeners;
	http->listeners = listener;
	http->num_listeners++;
	watch(http, true);
	/* As long as it takes what is sent. */
	guest_give_time(guest_of(http, connection), 0);
	return library_respond(&http->library, connection, answer, response);
}

static enum MHD_Result refuse_busy(struct http *http, struct MHD_Connection *connection)
{
	static char words[] = "too many ask at once\n";
	const struct answer busy = {
		.status = MHD_HTTP_SERVICE_UNAVAILABLE,
		.type = "text/plain; charset=utf-8",
	};

	return library_respond(&http->library, connection, &busy,
			       http->library.MHD_create_response_from_buffer(
				       strlen(words), words, MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result respond(struct http *http, struct MHD_Connection *connection,
			       struct answer *answer, struct request *request)
{
	/* What is constant is only read. */
	void *body = answer->body ? answer->body : (void *)answer->words;

	request->body = answer->body;
	request->num_bytes = answer->body ? answer->num_bytes : 0;
	http->bodies_bytes += request->num_bytes;
	if (http->bodies_bytes > MAX_BODIES_BYTES)
		return refuse_busy(http, connection);
	guest_give_time(guest_of(http, connection), RESPONSE_S);
	guest_set_answered(guest_of(http, connection), true);
	return library_respond(&http->library, connection, answer,
			       http->library.MHD_create_response_from_buffer(
				       answer->num_bytes, body, MHD_RESPMEM_PERSISTENT));
}

/* Whether more than headers comes. */
static bool has_content(const struct http *http, struct MHD_Connection *connection)
{
	return library_header(&http->library, connection,
			      MHD_HTTP_HEADER_CONTENT_LENGTH) ||
	       library_header(&http->library, connection,
			      MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* Called when a request's headers are there; what else it has is not read. */
/* NOLINTNEXTLINE(readability-function-size): the library says what it has */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
				  const char *url, const char *method,
				  const char *version, const char *upload_data,
				  size_t *num_upload_bytes, void **request_context)
{
	struct http *http = context;
	struct request *request = *request_context;
	struct answer answer;
	const struct ask ask = {
		.method = method,
		.path = url,
		.host = library_header(&http->library, connection, MHD_HTTP_HEADER_HOST),
		.authorization = library_header(&http->library, connection, MHD_HTTP_HEADER_AUTHORIZATION),
		.accept = library_header(&http->library, connection, MHD_HTTP_HEADER_ACCEPT),
		.if_none_match = library_header(&http->library, connection, MHD_HTTP_HEADER_IF_NONE_MATCH),
		.query = {
			.since = library_argument(&http->library, connection, "since"),
			.until = library_argument(&http->library, connection, "until"),
			.points = library_argument(&http->library, connection, "points"),
		},
	};

	(void)version;
	(void)upload_data;
	(void)num_upload_bytes;
	if (!request) {
		request = calloc(1, sizeof(*request));
		if (!request)
			return MHD_NO;
		*request_context = request;
		/* The library calls again, unless we answer now and it hangs up. */
		if (!has_content(http, connection))
			return MHD_YES;
	}
	answer_make(&http->site, &ask, &answer);
	if (!answer.is_stream)
		return respond(http, connection, &answer, request);
	return http->num_listeners < HTTP_MAX_STREAMS
		       ? begin_stream(http, connection, &answer)
		       : refuse_busy(http, connection);
}

static void on_completed(void *context, struct MHD_Connection *connection,
			 void **request_context, enum MHD_RequestTerminationCode code)
{
	struct http *http = context;
	struct request *request = *request_context;

	(void)code;
	if (!request)
		return;
	http->bodies_bytes -= request->num_bytes;
	free(request->body);
	free(request);
	*request_context = NULL;
	guest_give_time(guest_of(http, connection), REQUEST_S);
	guest_set_answered(guest_of(http, connection), false);
}

/* Those who wait and for whom there is something. all: those who wait. */
static void resume_listeners(struct http *http, bool all)
{
	for (struct listener *listener = http->listeners; listener;
	     listener = listener->next) {
		if (!listener->is_suspended || (!all && !fill(http, &listener->stream)))
			continue;
		listener->is_suspended = false;
		http->library.MHD_resume_connection(listener->connection);
	}
}

/* What the library has to say of hostile requests is not worth a line each. */
static void ignore_log(void *context, const char *format, va_list arguments)
{
	(void)context;
	(void)format;
	(void)arguments;
}

/* Returns 0 or a negative errno. */
static int open_daemon(struct http *http)
{
	int error = library_load(&http->library);
	int fd = error ? error : address_listen(&http->address);

	if (fd < 0)
		return fd;
	http->daemon = http->library.MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL,
		NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, ignore_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)HTTP_MAX_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_END);
	if (http->daemon)
		return 0;
	close(fd);
	return -EIO;
}

const char *http_mend(int error)
{
	switch (error) {
	case -EADDRINUSE:
		return "sudo ss -ltnp shows who has the port; http.listen takes another";
	case -EACCES:
		return "http.listen with a port from 1024 on";
	case -EADDRNOTAVAIL:
		return "http.listen with an address of this machine: ip addr lists them";
	case -ENOPKG:
		return "apt-cache search libmicrohttpd names the package to install";
	default:
		return "see http.listen in pin2mqtt.yaml(5)";
	}
}

static void report_open(struct http *http, int error)
{
	if (!error) {
		log_info("HTTP is there listen=%s", http->listen);
	} else if (!http->is_trouble_known) {
		log_error("no HTTP, will try again listen=%s: %s: %s", http->listen,
			  error == -ENOPKG ? "libmicrohttpd is not installed"
					   : strerror(-error),
			  http_mend(error));
	}
	http->is_trouble_known = error != 0;
}

static int timeout_ms(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG wanted_ms;
	int least_ms = TICK_MS;

	/* At its limit the library does not listen, and goes on with that when it runs. */
	if (http->has_room_anew) {
		http->has_room_anew = false;
		return 0;
	}
	if (http->library.MHD_get_timeout(http->daemon, &wanted_ms) == MHD_YES &&
	    wanted_ms < (unsigned)least_ms)
		least_ms = (int)wanted_ms;
	/* Nobody is there: nothing will come of itself. */
	return http->guests.first ? least_ms : -1;
}

static void serve(struct http *http)
{
	const union MHD_DaemonInfo *info =
		http->library.MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd slots[2 + HTTP_MAX_CONNECTIONS] = {
		{ .fd = info ? info->epoll_fd : -1, .events = POLLIN },
		{ .fd = http->wake->fd, .events = POLLIN },
	};
	size_t num_slots =
		2 + guests_poll(&http->guests, slots + 2, HTTP_MAX_CONNECTIONS);

	(void)poll(slots, (nfds_t)num_slots, timeout_ms(http));
	wake_clear(http->wake);
	resume_listeners(http, false);
	(void)http->library.MHD_run(http->daemon);
	/* The library sees the end of a socket, unless it looks away from it. */
	if (guests_end(&http->guests))
		resume_listeners(http, true);
}

static void close_daemon(struct http *http)
{
	if (!http->daemon)
		return;
	/* The library wants nobody to be suspended at its end. */
	resume_listeners(http, true);
	(void)http->library.MHD_run(http->daemon);
	http->library.MHD_stop_daemon(http->daemon);
	http->daemon = NULL;
}

static bool is_stopping(const struct http *http)
{
	return atomic_load_explicit(&http->is_stopping, memory_order_relaxed);
}

static void run(void *context)
{
	struct http *http = context;

	thread_yield_to_others(NICE);
	while (!is_stopping(http)) {
		if (http->daemon) {
			serve(http);
			continue;
		}

		int error = open_daemon(http);

		report_open(http, error);
		if (error)
			(void)wake_wait(http->wake,
					clock_mono_ns() + RETRY_S * CLOCK_NS_PER_S);
	}
	close_daemon(http);
}

static void free_http(struct http *http)
{
	for (size_t i = 0; http->hosts && i < http->site.rules.num_hosts; i++)
		free(http->hosts[i]);
	free(http->hosts);
	free(http->listen);
	free(http->token);
	free(http);
}

/* Copies the options. Returns 0 or -ENOMEM. */
static int take_options(struct http *http, const struct http_options *options)
{
	http->site.source = options->source;
	http->wake = options->wake;
	http->listen = strdup(options->listen);
	http->token = options->token ? strdup(options->token) : NULL;
	http->hosts = calloc(options->num_hosts + 1, sizeof(http->hosts[0]));
	if (!http->listen || !http->hosts || (options->token && !http->token))
		return -ENOMEM;
	for (size_t i = 0; i < options->num_hosts; i++) {
		http->hosts[i] = strdup(options->hosts[i]);
		if (!http->hosts[i])
			return -ENOMEM;
		http->site.rules.num_hosts++;
	}
	if (gethostname(http->machine, sizeof(http->machine) - 1) != 0)
		http->machine[0] = '\0';
	http->site.rules.token = http->token;
	http->site.rules.hosts = (const char *const *)http->hosts;
	http->site.rules.machine = http->machine;
	return 0;
}

int http_start(const struct http_options *options, struct http **out)
{
	struct http *http = calloc(1, sizeof(*http));
	int error;

	if (!http)
		return -ENOMEM;
	if (!address_parse(options->listen, &http->address)) {
		free(http);
		return -EINVAL;
	}
	error = take_options(http, options);
	if (!error)
		error = thread_start(&http->thread, "http", STACK_BYTES, run, http);
	if (error) {
		free_http(http);
		return error;
	}
	*out = http;
	return 0;
}

void http_stop(struct http *http)
{
	if (!http)
		return;
	atomic_store_explicit(&http->is_stopping, true, memory_order_relaxed);
	wake_signal(http->wake);
	thread_join(&http->thread);
	free_http(http);
}
