/* SPDX-License-Identifier: MIT */
#include "publish/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/clock.h"

/* From TLS 1.3 the server judges our certificate when we think that we are done. */
enum { AFTERTHOUGHT_MS = 1000 };

static int say(char reason[BROKER_MAX_REASON], int error, const char *words)
{
	snprintf(reason, BROKER_MAX_REASON, "%s", words);
	return error;
}

static int give_password(char *buffer, int size_bytes, int is_writing, void *password)
{
	(void)is_writing;
	return snprintf(buffer, (size_t)size_bytes, "%s", (const char *)password);
}

/* The client's own certificate. */
static int use_certificate(SSL_CTX *context, const struct broker_tls *tls,
			   char reason[BROKER_MAX_REASON])
{
	/* Without a password of ours OpenSSL would ask at the terminal. */
	SSL_CTX_set_default_passwd_cb(context, give_password);
	SSL_CTX_set_default_passwd_cb_userdata(
		context, (void *)(tls->key_password ? tls->key_password : ""));
	if (!tls->certificate_path)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(context, tls->certificate_path) != 1)
		return say(reason, -EBADF,
			   "mqtt.tls.certificate_file cannot be read as a certificate");
	if (SSL_CTX_use_PrivateKey_file(context, tls->key_path, SSL_FILETYPE_PEM) == 1)
		return 0;
	if (ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_X509)
		return say(reason, -EBADF,
			   "mqtt.tls.key_file is not the key of the certificate in "
			   "mqtt.tls.certificate_file");
	return say(reason, -EBADF,
		   "mqtt.tls.key_file cannot be opened: is its password right?");
}

static int expect(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	unsigned char address[16];

	SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	if (inet_pton(AF_INET, host, address) == 1 ||
	    inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(param, host);
	return X509_VERIFY_PARAM_set1_host(param, host, 0);
}

static int make_context(const struct broker_tls *tls, SSL_CTX **out,
			char reason[BROKER_MAX_REASON])
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	int error;

	if (!context)
		return say(reason, -ENOMEM, strerror(ENOMEM));
	error = use_certificate(context, tls, reason);
	if (!error && tls->ca_path &&
	    SSL_CTX_load_verify_locations(context, tls->ca_path, NULL) != 1)
		error = say(reason, -EBADF,
			    "mqtt.tls.ca_file cannot be read as certificates");
	if (!error && !tls->ca_path)
		SSL_CTX_set_default_verify_paths(context);
	if (error)
		SSL_CTX_free(context);
	else
		*out = context;
	return error;
}

static const char *words_of_certificate(long verdict, bool has_ca_file)
{
	switch (verdict) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return has_ca_file
			       ? "the server's certificate is not from an authority in "
				 "mqtt.tls.ca_file"
			       : "the server's certificate is from an authority that is "
				 "not known here: name the authority's own certificate "
				 "in mqtt.tls.ca_file";
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "the server's certificate is for another host name: name the "
		       "server in mqtt.servers as its certificate does";
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "the server's certificate has expired: it must be renewed there "
		       "(or the clock here is wrong)";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "the server's certificate is not valid yet: is the clock here "
		       "right?";
	default:
		return NULL;
	}
}

static const struct {
	int code;
	const char *words;
} alerts[] = {
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
	  "the server wants a certificate of ours: mqtt.tls.certificate_file" },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA,
	  "the server does not know the authority of mqtt.tls.certificate_file" },
	{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
	  "the server refuses mqtt.tls.certificate_file" },
	{ SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
	  "the server refuses mqtt.tls.certificate_file: not of a kind that it takes" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
	  "the server refuses mqtt.tls.certificate_file" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
	  "the server refuses mqtt.tls.certificate_file: it was revoked" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
	  "the server refuses mqtt.tls.certificate_file: it has expired" },
	{ SSL_R_TLSV1_ALERT_ACCESS_DENIED,
	  "the server refuses mqtt.tls.certificate_file" },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,
	  "the server speaks no version of TLS that is allowed here" },
	{ SSL_R_UNSUPPORTED_PROTOCOL,
	  "the server speaks no version of TLS that is allowed here" },
	{ SSL_R_TLSV1_UNRECOGNIZED_NAME,
	  "the server does not know the host name in mqtt.servers" },
};

static const char *words_of_alert(int code, bool has_certificate)
{
	/* Up to TLS 1.2 this is how a server asks for the certificate that was not there. */
	if (code == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE)
		return has_certificate ? "the server refuses the TLS handshake"
				       : "the server refuses the TLS handshake: perhaps "
					 "it wants a "
					 "certificate, mqtt.tls.certificate_file";
	for (size_t i = 0; i < array_length(alerts); i++) {
		if (alerts[i].code == code)
			return alerts[i].words;
	}
	return NULL;
}

/* Whether the server hung up, or said what is not TLS, before its first word of TLS. */
static bool is_no_tls(const SSL *ssl, unsigned long code, int failure)
{
	if (SSL_get_state(ssl) != TLS_ST_CW_CLNT_HELLO)
		return false;
	return failure == SSL_ERROR_SYSCALL ||
	       (ERR_GET_LIB(code) == ERR_LIB_SSL &&
		(ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER ||
		 ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING));
}

static void explain(const SSL *ssl, const struct broker_tls *tls, int failure,
		    char reason[BROKER_MAX_REASON])
{
	long verdict = tls->is_verified ? SSL_get_verify_result(ssl) : X509_V_OK;
	unsigned long code = ERR_peek_last_error();
	const char *words = NULL;

	if (verdict != X509_V_OK)
		words = words_of_certificate(verdict, tls->ca_path != NULL);
	else if (is_no_tls(ssl, code, failure))
		words = "the server does not speak TLS on this port: is it the port for "
			"mqtts:// or wss://?";
	else if (failure == SSL_ERROR_SYSCALL)
		words = "the server hung up in the TLS handshake";
	else if (ERR_GET_LIB(code) == ERR_LIB_SSL)
		words = words_of_alert(ERR_GET_REASON(code),
				       tls->certificate_path != NULL);
	if (words)
		snprintf(reason, BROKER_MAX_REASON, "%s", words);
	else if (verdict != X509_V_OK)
		snprintf(reason, BROKER_MAX_REASON,
			 "the server's certificate is not good: %s",
			 X509_verify_cert_error_string(verdict));
	else
		snprintf(reason, BROKER_MAX_REASON, "the TLS handshake fails: %s",
			 ERR_reason_error_string(code) ? ERR_reason_error_string(code)
						       : "unknown error");
}

/* Waits for what the last call wanted. Returns 0 or -ETIMEDOUT. */
static int wait_for(const SSL *ssl, int fd, uint64_t until_ns)
{
	uint64_t now_ns = clock_mono_ns();
	struct pollfd slot = {
		.fd = fd,
		.events = SSL_want_write(ssl) ? POLLOUT : POLLIN,
	};

	if (now_ns >= until_ns)
		return -ETIMEDOUT;
	return poll(&slot, 1, (int)((until_ns - now_ns) / CLOCK_NS_PER_MS) + 1) > 0
		       ? 0
		       : -ETIMEDOUT;
}

static bool is_waiting(int failure)
{
	return failure == SSL_ERROR_WANT_READ || failure == SSL_ERROR_WANT_WRITE;
}

/* Returns 0, -ETIMEDOUT, or -EPROTO with OpenSSL's word for it in failure_out. */
static int shake_hands(SSL *ssl, int fd, uint64_t until_ns, int *failure_out)
{
	for (;;) {
		ERR_clear_error();

		int result = SSL_connect(ssl);

		if (result == 1)
			return 0;
		*failure_out = SSL_get_error(ssl, result);
		if (!is_waiting(*failure_out))
			return -EPROTO;
		if (wait_for(ssl, fd, until_ns) != 0)
			return -ETIMEDOUT;
	}
}

/* A server that has nothing against us waits for our first words. */
static int hear_afterthought(SSL *ssl, int fd, int *failure_out)
{
	uint64_t until_ns = clock_mono_ns() + AFTERTHOUGHT_MS * CLOCK_NS_PER_MS;
	char byte;

	for (;;) {
		ERR_clear_error();

		int result = SSL_read(ssl, &byte, 1);

		if (result > 0)
			return 0;
		*failure_out = SSL_get_error(ssl, result);
		if (*failure_out == SSL_ERROR_SSL && ERR_peek_last_error() != 0)
			return -EPROTO;
		if (!is_waiting(*failure_out) || wait_for(ssl, fd, until_ns) != 0)
			return 0;
	}
}

int tls_ask(int fd, const char *host, const struct broker_tls *tls, uint32_t timeout_ms,
	    char reason[BROKER_MAX_REASON])
{
	uint64_t until_ns = clock_mono_ns() + timeout_ms * CLOCK_NS_PER_MS;
	SSL_CTX *context;
	int failure = SSL_ERROR_NONE;
	int error = make_context(tls, &context, reason);

	if (error) {
		ERR_clear_error();
		return error;
	}

	SSL *ssl = SSL_new(context);

	if (!ssl || SSL_set_fd(ssl, fd) != 1 ||
	    SSL_set_tlsext_host_name(ssl, host) != 1 ||
	    (tls->is_verified && expect(ssl, host) != 1)) {
		error = say(reason, -ENOMEM, strerror(ENOMEM));
	} else {
		error = shake_hands(ssl, fd, until_ns, &failure);
		if (!error)
			error = hear_afterthought(ssl, fd, &failure);
		if (error == -ETIMEDOUT)
			say(reason, error,
			    "timed out: the server takes the connection and does not "
			    "answer in TLS");
		else if (error)
			explain(ssl, tls, failure, reason);
	}
	SSL_free(ssl);
	SSL_CTX_free(context);
	ERR_clear_error();
	return error;
}

bool tls_is_spoken(int fd, const char *host, uint32_t timeout_ms)
{
	uint64_t until_ns = clock_mono_ns() + timeout_ms * CLOCK_NS_PER_MS;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = context ? SSL_new(context) : NULL;
	bool is_spoken = false;
	int failure;

	if (ssl && SSL_set_fd(ssl, fd) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1)
		is_spoken = shake_hands(ssl, fd, until_ns, &failure) == 0 ||
			    SSL_get_state(ssl) != TLS_ST_CW_CLNT_HELLO;
	SSL_free(ssl);
	SSL_CTX_free(context);
	ERR_clear_error();
	return is_spoken;
}
