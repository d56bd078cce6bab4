/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/testing/parts.h: what the files of sdk/testing share that needs nothing of the core: they also read telemetry. */
#ifndef NACELLE_SDK_TESTING_PARTS_H
#define NACELLE_SDK_TESTING_PARTS_H

#include <nacelle/testing.h>
#include <stdbool.h>

/* Memory that lives until ncl_test_close. Never NULL. */
void *ncl_test_keep(ncl_test *t, size_t size);
/* A copy of a text there. */
const char *ncl_test_keep_text(ncl_test *t, const char *text, size_t len);
/* The number of the next item of this test. */
uint64_t ncl_test_next_number(ncl_test *t);
/* Ends the program: the machine has no memory, or the harness was used in a way that makes no sense. */
_Noreturn void ncl_test_die(const char *what);
/* Something is wrong: counted, and said on standard error. */
void ncl_test_fault(ncl_test *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The next "key=text" or "key:=7" of an attribute text. False = the end. */
typedef struct ncl_test_pair {
  ncl_str key;
  ncl_str value;
  uint32_t plain; /* 1 = a number or a bool (:=) */
} ncl_test_pair;
bool ncl_test_pairs_next(const char **text, ncl_test_pair *pair);

#endif
