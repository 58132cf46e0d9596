/* SPDX-License-Identifier: MIT */
#include "app/requests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/publisher.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "config/compare.h"
#include "gpio/recording.h"
#include "model/reading_json.h"
#include "publish/payload.h"

enum {
	MARGIN_MS = 5000, /* for a busy board, beside the rests between attempts */
	MARKS_A_FRAME = 4,
	MAX_LOG = 64 * 1024, /* of the answer that holds a recording */
	MAX_ANSWER = PAYLOAD_MAX_READING + 1024,
};

void requests_init(struct requests *requests, struct wake *publisher, struct wake *main)
{
	requests->publisher = publisher;
	requests->main = main;
	ring_init(&requests->to_publisher, requests->publisher_slots, REQUESTS_NUM_SLOTS,
		  sizeof(requests->publisher_slots[0]));
	ring_init(&requests->to_main, requests->main_slots, REQUESTS_NUM_SLOTS,
		  sizeof(requests->main_slots[0]));
}

void requests_hand_over(void *context, const struct request *request)
{
	struct requests *requests = context;
	bool is_for_main = request->verb == REQUEST_RELOAD;

	/* One that does not fit is lost; the limit on requests is far below that. */
	(void)ring_push(is_for_main ? &requests->to_main : &requests->to_publisher,
			request);
	wake_signal(is_for_main ? requests->main : requests->publisher);
}

bool requests_take_reload(struct requests *requests, struct request *out)
{
	return ring_pop(&requests->to_main, out);
}

static void refuse(struct publisher *publisher, const struct request *request,
		   const char *error)
{
	char data[MAX_ANSWER];
	struct text text;

	text_init(&text, data, sizeof(data));
	request_refuse(&text, request, error);
	connection_answer(publisher->connection, request->verb, data);
}

static void free_wait(struct request_wait **wait)
{
	if (*wait)
		free((*wait)->edges);
	free(*wait);
	*wait = NULL;
}

/* A request that waits is given up. */
static void give_up(struct publisher *publisher, struct request_wait **wait,
		    const char *error)
{
	if (!*wait)
		return;
	refuse(publisher, &(*wait)->request, error);
	free_wait(wait);
}

static void ask_sensor(const struct publisher_sensor *sensor)
{
	capture_ask_now(sensor->source->capture, sensor->capture_index);
}

/* So long the sensor needs for a number of turns with all their tries. */
static uint64_t patience_ns(const struct publisher *publisher, size_t index,
			    uint32_t num_turns)
{
	const struct config_sensor *config = &publisher->config->sensors[index];
	const struct driver *driver = publisher->sensors[index].decoder.driver;
	uint64_t rest_ms = driver->probe.min_interval_ms;

	return ((config->max_retries + 1) * rest_ms * num_turns + MARGIN_MS) *
	       CLOCK_NS_PER_MS;
}

static const char *begin_wait(struct publisher *publisher, const struct request *request,
			      size_t index, struct request_wait **out)
{
	const struct publisher_sensor *sensor = &publisher->sensors[index];
	uint32_t num_turns = request->verb == REQUEST_CAPTURE ? request->num_frames : 1;
	struct request_wait *wait;

	if (*out)
		return "the same is being done already";
	if (sensor->is_faulty)
		return "its line is not available";
	wait = calloc(1, sizeof(*wait));
	if (wait && request->verb == REQUEST_CAPTURE)
		wait->edges =
			calloc((size_t)num_turns * (FRAME_MAX_EDGES + MARKS_A_FRAME),
			       sizeof(wait->edges[0]));
	if (!wait || (request->verb == REQUEST_CAPTURE && !wait->edges)) {
		free(wait);
		return "no memory";
	}
	wait->request = *request;
	wait->until_ns = clock_mono_ns() + patience_ns(publisher, index, num_turns);
	*out = wait;
	ask_sensor(sensor);
	return NULL;
}

static void accept(struct publisher *publisher, const struct request *request)
{
	char data[MAX_ANSWER];
	struct text text;

	text_init(&text, data, sizeof(data));
	request_accept(&text, request);
	text_add(&text, "}");
	connection_answer(publisher->connection, request->verb, data);
}

/* Returns why not; NULL: it is done. */
static const char *cycle_power(struct publisher *publisher, size_t index)
{
	const struct publisher_sensor *sensor = &publisher->sensors[index];

	if (!publisher->config->sensors[index].power_pin)
		return "it has no power_pin";
	if (sensor->is_faulty)
		return "its line is not available";
	capture_cut_power(sensor->source->capture, sensor->capture_index);
	return NULL;
}

static const char *begin_for(struct publisher *publisher, const struct request *request,
			     size_t index)
{
	struct publisher_sensor *sensor = &publisher->sensors[index];

	if (request->verb != REQUEST_POWER_CYCLE)
		return begin_wait(publisher, request, index,
				  request->verb == REQUEST_CAPTURE
					  ? &sensor->frames_wait
					  : &sensor->reading_wait);

	const char *error = cycle_power(publisher, index);

	if (!error)
		accept(publisher, request);
	return error;
}

static void begin(struct publisher *publisher, const struct request *request)
{
	size_t index;
	const char *error;

	if (request->verb == REQUEST_LOG_LEVEL) {
		log_set_level(request->level);
		accept(publisher, request);
		return;
	}
	index = compare_find_sensor(publisher->config, request->sensor_id);
	if (index == publisher->config->num_sensors) {
		refuse(publisher, request, "there is no such sensor");
		return;
	}
	error = begin_for(publisher, request, index);
	if (error)
		refuse(publisher, request, error);
}

static void check_late(struct publisher *publisher, struct request_wait **wait,
		       uint64_t now_ns, uint64_t *next_ns)
{
	if (*wait && now_ns >= (*wait)->until_ns)
		give_up(publisher, wait, "timed out: the sensor was not asked");
	if (*wait && (*wait)->until_ns < *next_ns)
		*next_ns = (*wait)->until_ns;
}

uint64_t requests_serve(struct publisher *publisher, uint64_t now_ns)
{
	struct request request;
	uint64_t next_ns = WAKE_FOREVER;

	while (ring_pop(&publisher->requests->to_publisher, &request))
		begin(publisher, &request);
	for (size_t i = 0; i < publisher->config->num_sensors; i++) {
		struct publisher_sensor *sensor = &publisher->sensors[i];

		check_late(publisher, &sensor->reading_wait, now_ns, &next_ns);
		check_late(publisher, &sensor->frames_wait, now_ns, &next_ns);
	}
	return next_ns;
}

static void add_mark(struct request_wait *wait, enum edge_event event, uint64_t t_ns,
		     uint8_t detail)
{
	if (t_ns == 0 && event != EDGE_START)
		return;
	wait->edges[wait->num_edges++] = (struct edge){
		.t_ns = t_ns,
		.event = (uint8_t)event,
		.detail = detail,
	};
}

/* The frame as the records that it was made of. */
static void add_frame(struct request_wait *wait, const struct frame *frame)
{
	add_mark(wait, EDGE_START, frame->start_ns, frame->attempt);
	add_mark(wait, EDGE_RELEASE, frame->release_ns, 0);
	add_mark(wait, EDGE_ARMED, frame->armed_ns, 0);
	memcpy(&wait->edges[wait->num_edges], frame->edges,
	       frame->num_edges * sizeof(frame->edges[0]));
	wait->num_edges += frame->num_edges;
	add_mark(wait, EDGE_END, frame->end_ns,
		 frame->is_lost ? EDGE_END_LOST : EDGE_END_DONE);
}

/* Returns 0 or a negative errno. */
static int add_log(struct text *out, const struct request_wait *wait,
		   const struct config_sensor *config)
{
	char *log = NULL;
	size_t num_bytes;
	FILE *stream = open_memstream(&log, &num_bytes);

	if (!stream)
		return -ENOMEM;

	int error = edge_log_write(stream, config->driver, config->pin_as_written,
				   wait->edges, wait->num_edges);

	if (fclose(stream) != 0 && !error)
		error = -ENOMEM;
	if (!error) {
		text_add(out, ",\"log\":");
		text_add_json(out, log);
	}
	free(log);
	return error;
}

static void answer_recording(struct publisher *publisher, uint16_t index)
{
	struct request_wait **wait = &publisher->sensors[index].frames_wait;
	char *data = malloc(MAX_LOG);
	struct text text;

	if (!data) {
		give_up(publisher, wait, "no memory");
		return;
	}
	text_init(&text, data, MAX_LOG);
	request_accept(&text, &(*wait)->request);

	int error = add_log(&text, *wait, &publisher->config->sensors[index]);

	text_add(&text, "}");
	if (error || text.is_cut) {
		give_up(publisher, wait, error ? strerror(-error) : "it is too long");
	} else {
		connection_answer(publisher->connection, REQUEST_CAPTURE, data);
		free_wait(wait);
	}
	free(data);
}

void requests_on_frame(struct publisher *publisher, const struct frame *frame)
{
	struct publisher_sensor *sensor = &publisher->sensors[frame->sensor];
	struct request_wait *wait = sensor->frames_wait;

	if (!wait)
		return;
	add_frame(wait, frame);
	if (++wait->num_frames == wait->request.num_frames)
		answer_recording(publisher, frame->sensor);
	else
		ask_sensor(sensor);
}

void requests_on_reading(struct publisher *publisher, const struct reading *reading)
{
	struct request_wait **wait = &publisher->sensors[reading->sensor].reading_wait;
	char data[MAX_ANSWER];
	struct text text;

	if (!*wait)
		return;
	text_init(&text, data, sizeof(data));
	request_accept(&text, &(*wait)->request);
	text_add(&text, ",");
	reading_json_members(&text, reading);
	text_add(&text, "}");
	connection_answer(publisher->connection, REQUEST_READ, data);
	free_wait(wait);
}

void requests_on_refusal(struct publisher *publisher, uint16_t sensor,
			 enum verdict verdict)
{
	struct request_wait **wait = &publisher->sensors[sensor].reading_wait;
	char error[REQUEST_MAX_ERROR];

	snprintf(error, sizeof(error), "no reading: %s", verdict_name(verdict));
	give_up(publisher, wait, error);
}

void requests_cancel(struct publisher *publisher)
{
	static const char why[] = "given up: the gateway reloads or stops";
	struct request request;

	while (ring_pop(&publisher->requests->to_publisher, &request))
		refuse(publisher, &request, why);
	for (size_t i = 0; i < publisher->config->num_sensors; i++) {
		give_up(publisher, &publisher->sensors[i].reading_wait, why);
		give_up(publisher, &publisher->sensors[i].frames_wait, why);
	}
}
