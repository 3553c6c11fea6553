#ifndef WEIR_NET_TLS_H
#define WEIR_NET_TLS_H

#include "core/err.h"

#include <openssl/ssl.h>

/*
 * What a client of TLS trusts and shows. TLS 1.2 or later; the server's certificate is always
 * checked, against its name too.
 */
struct weir_tls;

struct weir_tls_opts {
    const char *ca_file;     /* PEM; NULL: the system's bundle */
    const char *cert_file;   /* PEM, of the client, with its chain; NULL: none is shown */
    const char *key_file;    /* PEM, without a password; NULL: it is in cert_file */
    const char *server_name; /* in the server's certificate, and sent as SNI; NULL: the host's */
};

/** weir_tls_new: read the files. Costs milliseconds for a whole bundle: once per process. Returns
 * it (weir_tls_free), or NULL with *err set: WEIR_E_CONFIG naming the file, WEIR_E_NOMEM. */
struct weir_tls *weir_tls_new(const struct weir_tls_opts *opts, struct weir_err *err);

/** weir_tls_free: sessions made with it may live on. Accepts NULL. */
void weir_tls_free(struct weir_tls *tls);

/** weir_tls_session: a session for a connected, non-blocking descriptor, to be used with
 *  SSL_do_handshake. host: what was connected to. Returns it (SSL_free; fd stays the caller's), or
 *  NULL with *err set: WEIR_E_NOMEM, WEIR_E_CONFIG. */
SSL *weir_tls_session(struct weir_tls *tls, int fd, const char *host, struct weir_err *err);

/** weir_tls_why: the reason of the last failure on this thread, as a static text; the certificate's
 *  fault where it is one. Empties OpenSSL's queue. */
const char *weir_tls_why(const SSL *ssl);

/** weir_tls_bundle: the system's file of CAs, or NULL when none is where it is looked for. Static.
 */
const char *weir_tls_bundle(void);

#endif
