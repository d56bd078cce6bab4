/* SPDX-License-Identifier: Apache-2.0 */
/* receiver.h: the slots of the component (nacelle/plugin.h). */
#ifndef NACELLE_RECEIVER_OTLP_RECEIVER_H
#define NACELLE_RECEIVER_OTLP_RECEIVER_H

#include "otlp.h"

ncl_status ncl_otlp_create(const ncl_create *create, void **self);
ncl_status ncl_otlp_check(void *self);
ncl_status ncl_otlp_start(void *self, ncl_token token, ncl_outcome *outcome);
ncl_status ncl_otlp_drain(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome);
ncl_status ncl_otlp_shutdown(void *self, ncl_token token, ncl_outcome *outcome);
void ncl_otlp_destroy(void *self);

#endif
