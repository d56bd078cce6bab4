/* SPDX-License-Identifier: Apache-2.0 */
/* h1_parse.h: reads HTTP/1.1 (RFC 9112), strictly: what two readers could understand differently is refused.
 * No I/O and no memory of its own. */
#ifndef NACELLE_HTTP_SERVER_H1_PARSE_H
#define NACELLE_HTTP_SERVER_H1_PARSE_H

#include <nacelle/call.h>
#include <stdbool.h>

/* Headers of a request, beyond which it is refused with 431. */
#define NCL_H1_HEADERS_MAX 128u
/* Bytes of a request line, beyond which it is refused with 414. */
#define NCL_H1_LINE_MAX ((size_t)8 << 10)
/* Bytes of a chunk's size line with its extensions, and of all trailers. */
#define NCL_H1_CHUNK_LINE_MAX 256u
#define NCL_H1_TRAILER_MAX 8192u

/* Looks for the empty line that ends a head, over as many pieces as it comes in. Start zeroed. */
typedef struct ncl_h1_scan {
  size_t total;  /* bytes seen */
  size_t line;   /* bytes of the line that is not yet complete */
  uint8_t last;  /* last byte seen */
  uint8_t lines; /* 1 = a line was complete, so that the empty one is the end */
} ncl_h1_scan;

#define NCL_H1_MORE 0   /* the end is not in these bytes; all were taken */
#define NCL_H1_WHOLE 1  /* *used bytes complete the head, the empty line included */
#define NCL_H1_BLANK 2  /* an empty line before the request line: *used bytes to skip */
#define NCL_H1_BROKEN 3 /* a line that ends with a bare LF */

int ncl_h1_scan_feed(ncl_h1_scan *scan, const char *data, size_t len, size_t *used);

/* A request's head. The strings point into the bytes that were parsed. */
typedef struct ncl_h1_head {
  ncl_str method;
  ncl_str path;
  ncl_str query;
  ncl_str authority;
  uint32_t header_count;
  uint32_t minor;         /* 0 or 1: HTTP/1.<minor> */
  int64_t content_length; /* -1 = none */
  bool chunked;
  bool keep_alive;      /* what version and Connection say */
  bool expect_continue; /* Expect: 100-continue */
} ncl_h1_head;

/* Parses a whole head, the empty line included, in place: names become lower case. `headers` has room for
 * `max_headers`. Returns 0, or the status to refuse it with (400, 414, 417, 431, 501, 505) and why in *why, a literal.
 */
uint32_t ncl_h1_parse(char *text, size_t len, ncl_pair *headers, uint32_t max_headers, ncl_h1_head *head,
                      const char **why);

/* A chunked body (RFC 9112, 7.1). Start zeroed. */
typedef struct ncl_h1_chunks {
  uint64_t left;    /* bytes of the chunk still to come */
  uint32_t line;    /* bytes of the current line */
  uint32_t trailer; /* bytes of all trailers */
  uint8_t state;
  uint8_t digits; /* of the chunk's size */
} ncl_h1_chunks;

#define NCL_H1_CHUNKS_MORE 0   /* all bytes were taken */
#define NCL_H1_CHUNKS_PIECE 1  /* *piece is body; go on after *used */
#define NCL_H1_CHUNKS_DONE 2   /* the body ended; what follows *used is the next request */
#define NCL_H1_CHUNKS_BROKEN 3 /* reason in *why, a literal */

int ncl_h1_chunks_feed(ncl_h1_chunks *chunks, const uint8_t *data, size_t len, size_t *used, ncl_range *piece,
                       const char **why);

/* 1 = safe as a header's value (no CR, LF, NUL or other control but tab), or as its name (a token). */
bool ncl_h1_is_value(ncl_str value);
bool ncl_h1_is_token(ncl_str name);

/* 1 = a comma-separated list holds `token`, which is in lower case; letters compare without case. */
bool ncl_h1_list_has(ncl_str list, ncl_str token);
/* 1 = equal without regard to the case of ASCII letters; `lower_case` is in lower case. */
bool ncl_h1_same(ncl_str text, ncl_str lower_case);

#endif
