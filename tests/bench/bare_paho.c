/* SPDX-License-Identifier: MIT */
/* The floor under any gateway over Eclipse Paho: connects, posts a message of the size of a
 * reading at QoS 1 every so often, and does nothing else.
 *
 * usage: bare_paho SERVER INTERVAL_MS COUNT
 */
#include <MQTTClient.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	static char payload[] =
		"{\"sensor\":\"porch\",\"ts\":\"2026-11-22T06:00:00.123Z\","
		"\"seq\":1795327200123,\"temperature\":21.5,\"humidity\":48.2}";
	MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
	MQTTClient client;

	if (argc != 4)
		return 64;

	int interval_ms = atoi(argv[2]);
	const struct timespec pause = { interval_ms / 1000,
					interval_ms % 1000 * 1000000L };
	int error = MQTTClient_create(&client, argv[1], "bare",
				      MQTTCLIENT_PERSISTENCE_NONE, NULL);

	options.reliable = 0;
	if (!error)
		error = MQTTClient_connect(client, &options);
	for (int i = 0; i < atoi(argv[3]) && !error; i++) {
		MQTTClient_deliveryToken token;

		error = MQTTClient_publish(client, "bare/readings",
					   (int)sizeof(payload) - 1, payload, 1, 0,
					   &token);
		if (!error)
			error = MQTTClient_waitForCompletion(client, token, 10000);
		nanosleep(&pause, NULL);
	}
	if (error)
		fprintf(stderr, "bare_paho: error %d\n", error);
	MQTTClient_disconnect(client, 1000);
	MQTTClient_destroy(&client);
	return error ? 1 : 0;
}
