/* SPDX-License-Identifier: Apache-2.0 */
/* conn.h: one connection: its socket, what waits to be sent, and the protocol that it speaks. */
#ifndef NACELLE_HTTP_SERVER_CONN_H
#define NACELLE_HTTP_SERVER_CONN_H

#include <nacelle/tls.h>
#include <nghttp2/nghttp2.h>

#include "h1_parse.h"
#include "stream.h"

enum { NCL_PROTO_SNIFF, NCL_PROTO_H1, NCL_PROTO_H2 };

/* HTTP/1.1: what the next bytes are. */
enum {
  NCL_H1_HEAD,    /* a head, or nothing yet */
  NCL_H1_BODY,    /* `left` bytes of body */
  NCL_H1_CHUNKED, /* a chunked body */
  NCL_H1_WAIT,    /* another request; this one still waits for its answer */
  NCL_H1_REPLY,   /* another request; the answer is being sent */
  NCL_H1_CLOSE    /* nothing that is wanted: the connection ends once all is sent */
};

typedef struct ncl_h1 {
  ncl_http_stream *stream; /* NULL = between two requests */
  uint8_t state;
  bool keep_alive;
  bool old;         /* HTTP/1.0 */
  bool body_coming; /* the body of an answered request is not all in */
  bool late;        /* it is not waited for any more */
  bool blank;       /* an empty line stood before the request */
  uint32_t served;
  uint64_t left;
  ncl_h1_scan scan;
  ncl_h1_chunks chunks;
  uint8_t *rest; /* bytes that came before their turn, from rest_at to rest_len; block */
  size_t rest_at;
  size_t rest_len;
} ncl_h1;

/* A budget of frames that a peer may send; it fills up with time. */
typedef struct ncl_bucket {
  int64_t left;
  int64_t filled_ns;
} ncl_bucket;

typedef struct ncl_h2 {
  nghttp2_session *session;
  ncl_http_stream *recent; /* the stream of the last lookup */
  ncl_bucket control;      /* PING, SETTINGS, PRIORITY, empty DATA */
  ncl_bucket window;       /* WINDOW_UPDATE */
  int64_t ping_sent_ns;    /* 0 = none under way */
  int64_t ping_seen_ns;    /* when the peer's last one came; 0 = there was none */
  uint32_t ping_strikes;   /* of its pings that came too early, one after the other */
  bool answered;           /* headers or data went out since its last ping */
  int64_t goaway_ns;       /* when the first GOAWAY of a drain went out */
  bool draining;
  bool final_goaway;
  bool sent_away; /* the peer pinged too often: the connection ends once it is told so */
} ncl_h2;

/* How long a peer may go on sending after its connection was answered and shut. */
#define NCL_LINGER_NS INT64_C(2000000000)

struct ncl_conn {
  ncl_conn *prev;
  ncl_conn *next;
  ncl_conn *dirty_next;
  ncl_service *service;
  ncl_http_port *port;
  ncl_watch *watch;
  ncl_tls_session *tls; /* NULL = clear text */
  int32_t fd;
  uint32_t events; /* that the watch waits for */
  uint8_t protocol;
  uint8_t sniffed; /* bytes in `sniff` */
  bool dirty;      /* has something to send, and is in the service's list */
  bool dead;       /* to be freed at the end of the event */
  bool eof;        /* the peer will send nothing more */
  bool closing;    /* ends once all is sent */
  bool lingering;  /* all is sent and the sending side is shut: waits for the peer to do the same */
  uint8_t sniff[24];
  uint32_t stream_count;
  ncl_http_stream *streams;
  ncl_h1 h1;
  ncl_h2 h2;

  /* What the socket did not take. */
  uint8_t *pending;
  size_t pending_len;
  size_t pending_at;

  int64_t opened_ns;
  int64_t read_ns;  /* last time that bytes came; 0 = never */
  int64_t phase_ns; /* HTTP/1.1: when the wait for the head began; HTTP/2: when the last stream ended */
  int64_t write_ns; /* last time that pending bytes moved */
  int64_t age_ns;   /* when it is to be drained for its age; 0 = never */
  int64_t linger_ns;
  size_t lingered; /* bytes thrown away */
  char peer[64];
  size_t peer_len;
};

/* ---- conn.c -------------------------------------------------------------------------------------------------------
 */

/* [loop] All of it. Takes the descriptor over, also where it fails. */
void ncl_conn_open(ncl_http_port *port, int32_t fd, ncl_str peer);
/* Ends it at once, telling the handlers of what is under way, but for those of closed ports. */
void ncl_conn_free(ncl_conn *conn);
/* Goes on as a connection of another port; requests under way are still its own port's. */
void ncl_conn_move(ncl_conn *conn, ncl_http_port *to);
/* Nothing is under way on it but, at most, a part of a request's headers. */
bool ncl_conn_is_idle(const ncl_conn *conn);
/* At least one request came whole. */
bool ncl_conn_has_served(const ncl_conn *conn);
/* Begins and ends what is done for a connection outside of its own events (a timer): between them `dead` is only
 * noted, and at the end all that can be sent is. */
void ncl_conn_enter(ncl_conn *conn);
void ncl_conn_leave(ncl_conn *conn);
/* Something is to be sent: at the end of the event if one is under way for this connection, else soon. */
void ncl_conn_wake(ncl_conn *conn);
/* Sends for the connections that were woken. `service` as the timer hands it over. */
void ncl_conn_flush_dirty(void *service);

/* ---- output.c ------------------------------------------------------------------------------------------------------
 */

/* Bytes that may be put now. 0 while the socket does not take what is pending. */
size_t ncl_conn_room(const ncl_conn *conn);
/* `len` is at most ncl_conn_room. */
void ncl_conn_put(ncl_conn *conn, const void *data, size_t len);
/* Sends what was put. False = the socket is full (the rest is pending) or broken (dead). */
bool ncl_conn_push(ncl_conn *conn);
/* Tries to send what is pending. True = nothing is any more. */
bool ncl_conn_push_pending(ncl_conn *conn);
bool ncl_conn_is_blocked(const ncl_conn *conn);
/* Adds to what is pending though the socket is full; for what cannot be made again. */
void ncl_conn_keep(ncl_conn *conn, const uint8_t *data, size_t len);

/* ---- h1.c ----------------------------------------------------------------------------------------------------------
 */

void ncl_h1_input(ncl_conn *conn, const uint8_t *data, size_t len);
/* Where the next bytes from the socket may be put directly, and how many; NULL = nowhere. */
uint8_t *ncl_h1_room(ncl_conn *conn, size_t *len);
/* So many bytes were put there. */
void ncl_h1_took(ncl_conn *conn, size_t len);
/* Goes on with replies and with requests that came before their turn, until nothing more can be done now. */
void ncl_h1_run(ncl_conn *conn);
void ncl_h1_respond(ncl_http_stream *stream, const ncl_http_response *response, ncl_call_fn done, void *done_arg);
/* Takes no request after the current one. */
void ncl_h1_drain(ncl_conn *conn);
void ncl_h1_tick(ncl_conn *conn, int64_t now);
void ncl_h1_end(ncl_conn *conn);

/* ---- h2.c ----------------------------------------------------------------------------------------------------------
 */

/* What all sessions share: nghttp2's callbacks and options. */
bool ncl_h2_setup(ncl_service *service);
void ncl_h2_teardown(ncl_service *service);
bool ncl_h2_start(ncl_conn *conn);
void ncl_h2_input(ncl_conn *conn, const uint8_t *data, size_t len);
/* Puts what nghttp2 has to send. */
void ncl_h2_run(ncl_conn *conn);
void ncl_h2_drain(ncl_conn *conn);
/* Tells the peer what the port of the connection allows. */
void ncl_h2_tell_settings(ncl_conn *conn);
void ncl_h2_tick(ncl_conn *conn, int64_t now);
void ncl_h2_end(ncl_conn *conn);

/* ---- h2_reply.c ----------------------------------------------------------------------------------------------------
 */

void ncl_h2_respond(ncl_http_stream *stream, const ncl_http_response *response, ncl_call_fn done, void *done_arg);
/* "100 Continue". */
void ncl_h2_continue(ncl_http_stream *stream);

#endif
