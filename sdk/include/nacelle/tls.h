/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/tls.h: interface "ncl.tls/1": TLS on bytes in memory, for whoever owns the socket. */
#ifndef NACELLE_TLS_H
#define NACELLE_TLS_H

#include <nacelle/host.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NCL_TLS_1 "ncl.tls/1"

/* All slots are [loop]. The fields of a tls section, for a component's own table, are in nacelle/tls_fields.h. */

typedef struct ncl_tls_context ncl_tls_context; /* certificates and settings of one port */
typedef struct ncl_tls_session ncl_tls_session; /* one connection */

typedef struct ncl_tls {
  uint32_t struct_size;
  uint32_t reserved;
  void *self; /* first argument of the slots that make something */
  /* Reads the certificates of a server's `tls` section and keeps them up to date (reload_interval). NULL with the
   * file and the reason in *outcome. `alpn`: of ncl_str, in order of preference. */
  ncl_tls_context *(*server)(void *self, ncl_component *owner, const ncl_value *section, ncl_array alpn,
                             ncl_outcome *outcome);
  void (*context_close)(ncl_tls_context *context);       /* sessions under way go on */
  ncl_tls_session *(*session)(ncl_tls_context *context); /* NULL = no memory */
  /* Hands over ciphertext from the peer. NCL_OK, or NCL_PERMANENT: the connection is over, reason in *outcome. */
  ncl_status (*feed)(ncl_tls_session *session, const uint8_t *bytes, size_t len, ncl_outcome *outcome);
  /* Plaintext that has arrived: bytes put into `into`, 0 = none now, -1 = the peer ended it in order. */
  int64_t (*read)(ncl_tls_session *session, uint8_t *into, size_t size);
  /* Encrypts plaintext. NCL_OK takes all of it; before the handshake is over it is kept (at most 64 KiB). */
  ncl_status (*write)(ncl_tls_session *session, const uint8_t *bytes, size_t len);
  /* Ciphertext that is to be sent: points into the session until the next call on it. */
  ncl_range (*pending)(ncl_tls_session *session);
  void (*sent)(ncl_tls_session *session, size_t len);      /* so much of `pending` was sent */
  ncl_str (*alpn)(const ncl_tls_session *session);         /* what was agreed on; "" = nothing (yet) */
  ncl_str (*peer_subject)(const ncl_tls_session *session); /* of a verified client certificate; "" = none */
  void (*shutdown)(ncl_tls_session *session);              /* queues close_notify */
  void (*session_close)(ncl_tls_session *session);
} ncl_tls;

#ifdef __cplusplus
}
#endif
#endif
