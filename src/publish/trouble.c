/* SPDX-License-Identifier: MIT */
#include "publish/trouble.h"

#include <errno.h>
#include <stddef.h>

#include "config/shape.h"

static const char *const mends[NUM_TROUBLES] = {
	[TROUBLE_UNREACHABLE] =
		"is it running, does it listen on the network, is a firewall between? On "
		"its machine: sudo ss -ltnp; mosquitto: `listener 1883` in its "
		"configuration",
	[TROUBLE_NAME] =
		"see that the name is right and that this machine's DNS answers: "
		"getent hosts HOST; an address in the name's place does, too",
	[TROUBLE_TLS] =
		"mqtt.tls.ca_file: the authority that signed the broker's certificate; "
		"openssl s_client -connect HOST:PORT shows the chain",
	[TROUBLE_LOGIN] =
		"mqtt.username and mqtt.password as the broker has them; mosquitto: sudo "
		"mosquitto_passwd /etc/mosquitto/passwords USER",
	[TROUBLE_FORBIDDEN] =
		"let the user write the topics in the broker's ACL; mosquitto: `topic "
		"readwrite TOPIC/#` and `topic write homeassistant/#` under `user USER`",
	[TROUBLE_UNHEARD] =
		"see that the broker's ACL lets the user write the topic (mosquitto: "
		"`topic readwrite TOPIC/#` under `user USER`), or use a broker with MQTT "
		"5, which tells",
	[TROUBLE_SILENT] = "see the broker's log",
};

enum trouble trouble_of_connect(const char *server, int error)
{
	if (error == -EACCES)
		return TROUBLE_LOGIN;
	if (error == -ENOENT || error == -EAGAIN) /* of the look-up */
		return TROUBLE_NAME;
	return error == -EPROTO && shape_is_tls_server(server) ? TROUBLE_TLS
							       : TROUBLE_UNREACHABLE;
}

const char *trouble_mend(enum trouble trouble)
{
	return mends[trouble];
}
