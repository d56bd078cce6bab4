/* SPDX-License-Identifier: Apache-2.0 */
/* problem.h: what went wrong, in words for the person who runs `nacelle dist`. */
#ifndef NACELLE_DIST_PROBLEM_H
#define NACELLE_DIST_PROBLEM_H

#include <stdbool.h>
#include <stdio.h>

#define NCL_PROBLEM_MAX 1024u

typedef struct ncl_problem {
  char text[NCL_PROBLEM_MAX];
} ncl_problem;

/* Sets the words; always false, so that a function can end with it. */
#define ncl_problem_set(problem, ...) (snprintf((problem)->text, NCL_PROBLEM_MAX, __VA_ARGS__), false)

#endif
