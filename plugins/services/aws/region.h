/* SPDX-License-Identifier: Apache-2.0 */
/* region.h: the region that the machine is in, where neither config nor environment names one: of the ECS task, else of
 * EC2's metadata. Found once, for all that wait. */
#ifndef NCL_AWS_REGION_H
#define NCL_AWS_REGION_H

#include "document.h"

typedef struct ncl_aws_region_search ncl_aws_region_search;

/* Someone who waits. `region` is "" where there is none, with the reason in words. */
typedef struct ncl_aws_region_waiter {
  struct ncl_aws_region_waiter *next, *prev;
  ncl_aws_region_search *search; /* NULL = does not wait */
  void (*fn)(void *arg, ncl_str region, const char *source, ncl_str words);
  void *arg;
} ncl_aws_region_waiter;

/* NCL_OK with the region, which lives as long as the service, and where it was found; NCL_PENDING: waiter->fn is called
 * later, unless it leaves; NCL_RETRYABLE with the reason in *outcome; NCL_NO_MEMORY. `ask_ec2` false: of ECS only. */
ncl_status ncl_aws_region_find(ncl_aws_service *service, bool ask_ec2, ncl_aws_region_waiter *waiter, ncl_str *region,
                               const char **source, ncl_outcome *outcome);
/* One that does not wait is ignored. */
void ncl_aws_region_leave(ncl_aws_region_waiter *waiter);

void ncl_aws_region_close(ncl_aws_region_search *search); /* NULL is ignored */

/* The region of a document of ECS: of its TaskARN. False: it has none. */
bool ncl_aws_region_of_task(ncl_range document, char *into, size_t size);

#endif
