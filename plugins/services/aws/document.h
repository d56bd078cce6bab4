/* SPDX-License-Identifier: Apache-2.0 */
/* document.h: documents of ECS's and EC2's metadata: kept, and fetched once for all that wait. */
#ifndef NCL_AWS_DOCUMENT_H
#define NCL_AWS_DOCUMENT_H

#include "service.h"

typedef struct ncl_aws_document_entry ncl_aws_document_entry;

/* One answer: counted, never changed. */
typedef struct ncl_aws_page {
  uint32_t users;
  ncl_aws_document view;
  uint8_t bytes[];
} ncl_aws_page;

void ncl_aws_page_leave(ncl_aws_page *page); /* NULL is ignored */

/* Someone who waits. `page` is NULL where there is none, with the reason; the callee takes a share of its own. */
typedef struct ncl_aws_document_waiter {
  struct ncl_aws_document_waiter *next, *prev;
  ncl_aws_document_entry *entry; /* NULL = does not wait */
  void (*fn)(void *arg, ncl_aws_page *page, ncl_status status, ncl_str message);
  void *arg;
} ncl_aws_document_waiter;

/* NCL_OK with a share of the page in *page; NCL_PENDING: waiter->fn is called later, unless it leaves; an error with
 * the reason in *outcome: as ncl_aws.metadata. */
ncl_status ncl_aws_document_get(ncl_aws_service *service, const ncl_aws_metadata *wanted,
                                ncl_aws_document_waiter *waiter, ncl_aws_page **page, ncl_outcome *outcome);
/* Ends the fetch, too, when nobody else waits. One that does not wait is ignored. */
void ncl_aws_document_leave(ncl_aws_document_waiter *waiter);

void ncl_aws_documents_close(ncl_aws_service *service);

#endif
