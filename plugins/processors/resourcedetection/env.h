/* SPDX-License-Identifier: Apache-2.0 */
/* env.h: attributes written as text. */
#ifndef NCL_RESOURCEDETECTION_ENV_H
#define NCL_RESOURCEDETECTION_ENV_H

#include "found.h"

/* Reads "a=b,c=d%20e". `bad` is called for each part that is none; the others are kept. `allowed`: a list of keys that
 * are taken; NULL or empty = all. */
void ncl_env_read(ncl_str text, const ncl_value *allowed, ncl_found *found, void (*bad)(void *arg, ncl_str part),
                  void *arg);

#endif
