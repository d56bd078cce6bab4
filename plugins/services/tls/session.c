/* SPDX-License-Identifier: Apache-2.0 */
/* services/tls/session.c: one connection: ciphertext in and out through memory, the handshake as it comes. */
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"

#define EARLY_MAX ((size_t)64 << 10) /* plaintext that is kept until the handshake is over */
/* What one connection takes of OpenSSL, rounded up; buffers are released while it is idle. */
#define SESSION_BYTES ((int64_t)48 << 10)
#define SUBJECT_MAX 512u

struct ncl_tls_session {
  const ncl_host *host;
  ncl_component *owner;
  SSL *ssl;
  BIO *in;  /* ciphertext from the peer; owned by ssl */
  BIO *out; /* ciphertext for the peer; owned by ssl */
  uint8_t *early;
  size_t early_len;
  uint32_t dead;
  char reason[NCL_TLS_REASON_MAX];
  char subject[SUBJECT_MAX];
};

ncl_tls_session *ncl_tls_session_open(ncl_tls_context *context) {
  ncl_tls_session *s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  ncl_tls_reload_if_due(context);
  s->host = context->host;
  s->owner = context->owner;
  if (s->host->memory_charge(s->owner, SESSION_BYTES) != NCL_OK) {
    free(s);
    return NULL;
  }
  s->ssl = SSL_new(context->ssl);
  s->in = BIO_new(BIO_s_mem());
  s->out = BIO_new(BIO_s_mem());
  if (s->ssl == NULL || s->in == NULL || s->out == NULL) {
    BIO_free(s->in);
    BIO_free(s->out);
    SSL_free(s->ssl);
    s->host->memory_charge(s->owner, -SESSION_BYTES);
    free(s);
    return NULL;
  }
  SSL_set_bio(s->ssl, s->in, s->out);
  SSL_set_accept_state(s->ssl);
  return s;
}

static ncl_status fail(ncl_tls_session *s, ncl_outcome *outcome, const char *what) {
  s->dead = 1;
  outcome->status = NCL_PERMANENT;
  outcome->message = ncl_tls_last_error(what, (ncl_str){NULL, 0}, s->reason);
  return NCL_PERMANENT;
}

static ncl_status encrypt(ncl_tls_session *s, const uint8_t *bytes, size_t len) {
  while (len > 0) {
    size_t taken = 0;
    /* The BIO grows, so OpenSSL never has to wait. */
    if (SSL_write_ex(s->ssl, bytes, len, &taken) != 1 || taken == 0) {
      s->dead = 1;
      ERR_clear_error();
      return NCL_PERMANENT;
    }
    bytes += taken;
    len -= taken;
  }
  return NCL_OK;
}

static void keep_subject(ncl_tls_session *s) {
  X509 *peer = SSL_get0_peer_certificate(s->ssl);
  if (peer == NULL || SSL_get_verify_result(s->ssl) != X509_V_OK) return;
  (void)X509_NAME_oneline(X509_get_subject_name(peer), s->subject, (int)sizeof s->subject);
}

ncl_status ncl_tls_session_feed(ncl_tls_session *s, const uint8_t *bytes, size_t len, ncl_outcome *outcome) {
  size_t written = 0;
  if (s->dead) return NCL_PERMANENT;
  if (len > 0 && (BIO_write_ex(s->in, bytes, len, &written) != 1 || written != len)) {
    return fail(s, outcome, "no memory for what the peer sent");
  }
  if (SSL_is_init_finished(s->ssl)) return NCL_OK;
  int result = SSL_do_handshake(s->ssl);
  if (result != 1) {
    int error = SSL_get_error(s->ssl, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return NCL_OK;
    return fail(s, outcome, "TLS handshake failed");
  }
  keep_subject(s);
  if (s->early_len == 0) return NCL_OK;
  ncl_status status = encrypt(s, s->early, s->early_len);
  free(s->early);
  s->early = NULL;
  s->early_len = 0;
  return status;
}

int64_t ncl_tls_session_read(ncl_tls_session *s, uint8_t *into, size_t size) {
  size_t got = 0;
  if (s->dead || !SSL_is_init_finished(s->ssl)) return 0;
  int result = SSL_read_ex(s->ssl, into, size, &got);
  if (result == 1) return (int64_t)got;
  int error = SSL_get_error(s->ssl, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return 0;
  s->dead = 1;
  ERR_clear_error();
  return -1;
}

ncl_status ncl_tls_session_write(ncl_tls_session *s, const uint8_t *bytes, size_t len) {
  if (s->dead) return NCL_PERMANENT;
  if (SSL_is_init_finished(s->ssl)) return encrypt(s, bytes, len);
  if (s->early_len + len > EARLY_MAX) return NCL_NO_MEMORY;
  uint8_t *grown = realloc(s->early, s->early_len + len);
  if (grown == NULL) return NCL_NO_MEMORY;
  memcpy(grown + s->early_len, bytes, len);
  s->early = grown;
  s->early_len += len;
  return NCL_OK;
}

ncl_range ncl_tls_session_pending(ncl_tls_session *s) {
  char *at = NULL;
  long len = BIO_get_mem_data(s->out, &at);
  return (ncl_range){(const uint8_t *)at, len > 0 ? (size_t)len : 0};
}

void ncl_tls_session_sent(ncl_tls_session *s, size_t len) {
  uint8_t gone[4096];
  if (len >= ncl_tls_session_pending(s).len) {
    (void)BIO_reset(s->out);
    return;
  }
  while (len > 0) {
    size_t got = 0;
    if (BIO_read_ex(s->out, gone, len < sizeof gone ? len : sizeof gone, &got) != 1 || got == 0) return;
    len -= got;
  }
}

ncl_str ncl_tls_session_alpn(const ncl_tls_session *s) {
  const unsigned char *name = NULL;
  unsigned int len = 0;
  SSL_get0_alpn_selected(s->ssl, &name, &len);
  return ncl_str_of((const char *)name, len);
}

ncl_str ncl_tls_session_peer_subject(const ncl_tls_session *s) {
  return ncl_str_of(s->subject, strlen(s->subject));
}

void ncl_tls_session_shutdown(ncl_tls_session *s) {
  if (s->dead || !SSL_is_init_finished(s->ssl)) return;
  (void)SSL_shutdown(s->ssl);
  ERR_clear_error();
}

void ncl_tls_session_close(ncl_tls_session *s) {
  if (s == NULL) return;
  SSL_free(s->ssl);
  s->host->memory_charge(s->owner, -SESSION_BYTES);
  free(s->early);
  free(s);
}
