/* SPDX-License-Identifier: Apache-2.0 */
/* core/control/protocol.h: what goes through the control socket: frames, and what is asked. Every byte of it comes from
 * outside. */
#ifndef NACELLE_CORE_CONTROL_PROTOCOL_H
#define NACELLE_CORE_CONTROL_PROTOCOL_H

#include <nacelle/abi.h>
#include <stdbool.h>

/*
 * A client connects, sends one ASK and reads until the other side closes. A frame is a length (4 bytes), a kind (1),
 * three zeros, and so many bytes. Numbers are little-endian: both sides are the same program on the same machine, but
 * maybe not of the same version: what is not understood is answered with ERROR.
 */
#define NCL_CONTROL_HEAD 8u
#define NCL_CONTROL_ASK_MAX 4096u          /* bytes of an ASK */
#define NCL_CONTROL_ANSWER_MAX (32u << 20) /* bytes of any other frame */
#define NCL_CONTROL_BATCH_MAX (256u << 10) /* bytes of telemetry in a BATCH */

#define NCL_CONTROL_ASK 1u   /* client: words that each end with a NUL: a verb, then keys and values in turn */
#define NCL_CONTROL_TEXT 2u  /* server: the answer, all of it */
#define NCL_CONTROL_ERROR 3u /* server: why there is none */
#define NCL_CONTROL_BATCH 4u /* server: ncl_control_batch, then a request as OTLP encodes it */
#define NCL_CONTROL_LOST 5u  /* server: ncl_control_lost */

typedef struct ncl_control_frame {
  uint32_t kind;
  ncl_range body;
} ncl_control_frame;

/* Writes the head of a frame with `len` bytes behind it. */
void ncl_control_head(uint8_t out[NCL_CONTROL_HEAD], uint32_t kind, size_t len);
/* The frame that `bytes` begin with: how many bytes it takes, 0 = they are not all there, -1 = it is none, or it has
 * more than `most` bytes. */
int64_t ncl_control_frame_read(ncl_range bytes, size_t most, ncl_control_frame *frame);

/* ---- ASK ------------------------------------------------------------------------------------------- */

#define NCL_CONTROL_PAIRS 8u

typedef struct ncl_control_ask {
  ncl_str verb;
  uint32_t count;
  struct {
    ncl_str key;
    ncl_str value;
  } pairs[NCL_CONTROL_PAIRS];
} ncl_control_ask;

/* Borrows from `body`. False = it is not of that form. */
bool ncl_control_ask_read(ncl_range body, ncl_control_ask *ask);
/* The value of `key`; empty = it was not given. */
ncl_str ncl_control_ask_get(const ncl_control_ask *ask, const char *key);
/* Writes a whole frame and returns its length; 0 = it does not fit into `size`. Words must be without NUL, which C's
 * are. `pairs` ends with NULL; a key whose value is NULL is left out. */
size_t ncl_control_ask_write(uint8_t *out, size_t size, const char *verb, const char *const *pairs);

/* ---- BATCH and LOST -------------------------------------------------------------------------------- */

#define NCL_CONTROL_BATCH_HEAD 32u
typedef struct ncl_control_batch {
  uint32_t signal;
  uint64_t items;  /* of the batch */
  uint64_t shown;  /* of those, in the bytes that follow: a large batch is shown in part */
  int64_t wall_ns; /* when it came by */
} ncl_control_batch;

#define NCL_CONTROL_LOST_SIZE 16u
typedef struct ncl_control_lost {
  uint64_t batches; /* so far: what came by and was not shown */
  uint64_t items;
} ncl_control_lost;

void ncl_control_batch_write(uint8_t out[NCL_CONTROL_BATCH_HEAD], const ncl_control_batch *batch);
/* False = the body is too short. `wire` = what stands behind. */
bool ncl_control_batch_read(ncl_range body, ncl_control_batch *batch, ncl_range *wire);
void ncl_control_lost_write(uint8_t out[NCL_CONTROL_LOST_SIZE], const ncl_control_lost *lost);
bool ncl_control_lost_read(ncl_range body, ncl_control_lost *lost);

#endif
