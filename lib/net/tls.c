#include "net/tls.h"
#include "core/reason.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct weir_tls {
    SSL_CTX *ctx;
    char *server_name; /* NULL: the host's */
};

const char *weir_tls_bundle(void)
{
    static const char *const bundles[] = {
        "/etc/pki/tls/certs/ca-bundle.crt",   /* Amazon Linux, Fedora */
        "/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine */
        "/etc/ssl/ca-bundle.pem",             /* SUSE */
    };

    for (size_t i = 0; i < sizeof bundles / sizeof bundles[0]; i++) {
        if (access(bundles[i], R_OK) == 0) {
            return bundles[i];
        }
    }
    return NULL;
}

const char *weir_tls_why(const SSL *ssl)
{
    const unsigned long e = ERR_get_error();
    const char *why = ERR_reason_error_string(e);
    const long verify = ssl != NULL ? SSL_get_verify_result(ssl) : X509_V_OK;

    ERR_clear_error();
    if (verify != X509_V_OK) {
        return X509_verify_cert_error_string(verify);
    }
    return why != NULL ? why : "the connection broke";
}

static int refuse(const char *what, const char *file, struct weir_err *err)
{
    const char *why =
        errno != 0 && access(file, R_OK) != 0 ? weir_reason(errno) : weir_tls_why(NULL);

    ERR_clear_error();
    return weir_err_set(err, WEIR_E_CONFIG, "tls: %s %.120s: %s", what, file, why);
}

static int load(struct weir_tls *tls, const struct weir_tls_opts *opts, struct weir_err *err)
{
    const char *ca = opts->ca_file != NULL ? opts->ca_file : weir_tls_bundle();
    const char *key = opts->key_file != NULL ? opts->key_file : opts->cert_file;

    errno = 0;
    ERR_clear_error();
    if (ca != NULL && SSL_CTX_load_verify_file(tls->ctx, ca) != 1) {
        return refuse("CA", ca, err);
    }
    if (ca == NULL && SSL_CTX_set_default_verify_paths(tls->ctx) != 1) {
        return weir_err_set(err, WEIR_E_CONFIG, "tls: no CAs found: %s", weir_tls_why(NULL));
    }
    if (opts->cert_file != NULL &&
        SSL_CTX_use_certificate_chain_file(tls->ctx, opts->cert_file) != 1) {
        return refuse("certificate", opts->cert_file, err);
    }
    if (key != NULL && SSL_CTX_use_PrivateKey_file(tls->ctx, key, SSL_FILETYPE_PEM) != 1) {
        return refuse("key", key, err);
    }
    if (opts->server_name != NULL) {
        tls->server_name = strdup(opts->server_name);
        if (tls->server_name == NULL) {
            return weir_err_set(err, WEIR_E_NOMEM, "tls: out of memory");
        }
    }
    return 0;
}

/* A key with a password would be asked for on the terminal; there is none. */
static int no_password(char *to, int size, int writing, void *ctx)
{
    (void)to;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

struct weir_tls *weir_tls_new(const struct weir_tls_opts *opts, struct weir_err *err)
{
    struct weir_tls *tls = calloc(1, sizeof *tls);

    if (tls != NULL) {
        tls->ctx = SSL_CTX_new(TLS_client_method());
    }
    if (tls == NULL || tls->ctx == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "tls: out of memory");
        goto fail;
    }
    SSL_CTX_set_min_proto_version(tls->ctx, TLS1_2_VERSION);
    SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(tls->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_default_passwd_cb(tls->ctx, no_password);
    /* Whether a close is one is decided by TCP (net/tcp_conn.h); many peers say no goodbye in TLS.
     */
    SSL_CTX_set_options(tls->ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (load(tls, opts, err) != 0) {
        goto fail;
    }
    return tls;
fail:
    weir_tls_free(tls);
    return NULL;
}

void weir_tls_free(struct weir_tls *tls)
{
    if (tls != NULL) {
        SSL_CTX_free(tls->ctx);
        free(tls->server_name);
        free(tls);
    }
}

SSL *weir_tls_session(struct weir_tls *tls, int fd, const char *host, struct weir_err *err)
{
    const char *name = tls->server_name != NULL ? tls->server_name : host;
    unsigned char address[16];
    const bool numeric =
        inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
    SSL *ssl = SSL_new(tls->ctx);

    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        weir_err_set(err, WEIR_E_NOMEM, "tls: out of memory");
        goto fail;
    }
    if (numeric ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) != 1
                : SSL_set1_host(ssl, name) != 1 || SSL_set_tlsext_host_name(ssl, name) != 1) {
        weir_err_set(err, WEIR_E_CONFIG, "tls: the server name cannot be used");
        goto fail;
    }
    SSL_set_connect_state(ssl);
    return ssl;
fail:
    SSL_free(ssl);
    return NULL;
}
