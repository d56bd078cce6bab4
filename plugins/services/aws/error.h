/* SPDX-License-Identifier: Apache-2.0 */
/* error.h: what an answer of AWS that is no success means, whichever protocol the service speaks. */
#ifndef NCL_AWS_ERROR_H
#define NCL_AWS_ERROR_H

#include <nacelle/aws.h>
#include <stdbool.h>

typedef struct ncl_aws_answer {
  uint32_t status;
  const ncl_array *headers; /* of ncl_pair, names in lower case */
  ncl_range body;
  int64_t wall_ns;
  const ncl_str *secrets; /* must not come out in words */
  uint32_t secret_count;
} ncl_aws_answer;

typedef struct ncl_aws_error {
  uint32_t error; /* NCL_AWS_ERROR_* */
  uint32_t reserved;
  int64_t retry_after_ns;
  char code[96]; /* all texts end with NUL */
  char request_id[96];
  char message[768];
  char action[128];
  char resource[512];
  char principal[320];
} ncl_aws_error;

/* Reads an answer whose status is not 2xx. */
void ncl_aws_error_read(const ncl_aws_answer *answer, ncl_aws_error *error);

/* NCL_PERMANENT or NCL_RETRYABLE, by NCL_AWS_ERROR_*. */
ncl_status ncl_aws_error_status(uint32_t error);

/* The value of a header, "" = none. */
ncl_str ncl_aws_header(const ncl_array *headers, const char *name);

/* How far the clock of the one who answered is from `wall_ns`. False: the answer has no Date. */
bool ncl_aws_clock_difference(const ncl_array *headers, int64_t wall_ns, int64_t *difference_ns);

#endif
