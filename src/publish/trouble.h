/* SPDX-License-Identifier: MIT */
/* What keeps a gateway from its broker, and what mends it: the same words in the log of the
 * gateway as from `doctor`.
 *
 * Threads: any.
 * Pure.
 */
#ifndef PUBLISH_TROUBLE_H
#define PUBLISH_TROUBLE_H

enum trouble {
	TROUBLE_NONE,
	TROUBLE_UNREACHABLE, /* no connection, or one that breaks */
	TROUBLE_NAME, /* nobody has the server's name */
	TROUBLE_TLS, /* no agreement, or the certificate is not trusted */
	TROUBLE_LOGIN, /* the broker does not let us in */
	TROUBLE_FORBIDDEN, /* a message was refused */
	TROUBLE_UNHEARD, /* a message was taken and given to nobody, MQTT 3.1.1 */
	TROUBLE_SILENT, /* a message was not acknowledged */
};
enum { NUM_TROUBLES = TROUBLE_SILENT + 1 };

/* error: the negative errno of a failed broker_ops.connect() to this server. */
enum trouble trouble_of_connect(const char *server, int error);

/* A command or a sentence; NULL where nothing is to be mended. */
const char *trouble_mend(enum trouble trouble);

#endif
