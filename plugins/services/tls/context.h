/* SPDX-License-Identifier: Apache-2.0 */
/* services/tls/context.h: what the plugin's files share: a port's settings, and a connection. */
#ifndef NACELLE_TLS_CONTEXT_H
#define NACELLE_TLS_CONTEXT_H

#include <nacelle/tls.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/stat.h>

#define NCL_TLS_REASON_MAX 512u /* bytes of the words of an error */
#define NCL_TLS_ALPN_MAX 64u    /* bytes of the protocols that a port offers, as the wire has them */
#define NCL_TLS_FILES 3u        /* certificate, key, clients' CA */

/* What tells one state of a file from another; all 0 = it is not there, or not configured. */
typedef struct ncl_tls_file {
  dev_t device;
  ino_t inode;
  off_t size;
  struct timespec changed;
} ncl_tls_file;

struct ncl_tls_context {
  ncl_tls_context *prev; /* among those of the service */
  ncl_tls_context *next;
  ncl_tls_context **first;
  const ncl_host *host;
  ncl_component *owner;
  const ncl_value *section;           /* lives as long as the owner */
  SSL_CTX *ssl;                       /* replaced when the files have changed; sessions keep theirs */
  int64_t look_every_ns;              /* how often new connections look for that; 0 = never */
  int64_t look_at_ns;                 /* not before this */
  ncl_tls_file files[NCL_TLS_FILES];  /* that `ssl` was made from */
  ncl_tls_file failed[NCL_TLS_FILES]; /* with which making another one failed: said once */
  uint8_t alpn[NCL_TLS_ALPN_MAX];
  uint32_t alpn_len;
  char *reason; /* NCL_TLS_REASON_MAX bytes of the service's: words of the newest failure */
};

/* The slots of nacelle/tls.h. `first`: the service's list. */
ncl_tls_context *ncl_tls_context_open(const ncl_host *host, ncl_component *owner, const ncl_value *section,
                                      ncl_array alpn, ncl_tls_context **first, char *reason, ncl_outcome *outcome);
void ncl_tls_context_close(ncl_tls_context *context);

ncl_tls_session *ncl_tls_session_open(ncl_tls_context *context);
ncl_status ncl_tls_session_feed(ncl_tls_session *session, const uint8_t *bytes, size_t len, ncl_outcome *outcome);
int64_t ncl_tls_session_read(ncl_tls_session *session, uint8_t *into, size_t size);
ncl_status ncl_tls_session_write(ncl_tls_session *session, const uint8_t *bytes, size_t len);
ncl_range ncl_tls_session_pending(ncl_tls_session *session);
void ncl_tls_session_sent(ncl_tls_session *session, size_t len);
ncl_str ncl_tls_session_alpn(const ncl_tls_session *session);
ncl_str ncl_tls_session_peer_subject(const ncl_tls_session *session);
void ncl_tls_session_shutdown(ncl_tls_session *session);
void ncl_tls_session_close(ncl_tls_session *session);

/* An SSL_CTX of the files as they are; NULL with the reason. */
SSL_CTX *ncl_tls_context_make(ncl_tls_context *context, ncl_outcome *outcome);

/* ---- reload.c ------------------------------------------------------------------------------------------------------
 */

/* What the section says about it, before the first make. */
void ncl_tls_reload_begin(ncl_tls_context *context);
/* Makes the SSL_CTX anew if its files have changed. */
void ncl_tls_reload(ncl_tls_context *context);
/* The same, if it is time to look: before each session. */
void ncl_tls_reload_if_due(ncl_tls_context *context);

/* The newest error of OpenSSL's queue in words, into `reason`; empties the queue. */
ncl_str ncl_tls_last_error(const char *what, ncl_str file, char reason[NCL_TLS_REASON_MAX]);

#endif
