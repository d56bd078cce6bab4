/* SPDX-License-Identifier: Apache-2.0 */
/* region.c: two questions, one after the other; what is found is kept, a failure is not. */
#include "region.h"

#include <nacelle/json_doc.h>
#include <stdio.h>
#include <stdlib.h>

#include "partition.h"
#include "text.h"

enum { ASK_ECS, ASK_EC2, ASKED };

struct ncl_aws_region_search {
  ncl_aws_service *service;
  uint32_t step;
  bool is_running, ask_ec2;
  const char *source; /* NULL = not found yet */
  ncl_aws_document_waiter document;
  ncl_aws_region_waiter *waiters;
  char region[64];
  char words[700]; /* of what was asked in vain */
};

bool ncl_aws_region_of_task(ncl_range document, char *into, size_t size) {
  ncl_json_doc doc;
  ncl_str region = {NULL, 0};
  if (ncl_json_doc_open(&doc, document) == NCL_OK) {
    region = ncl_aws_arn_region(ncl_json_text(ncl_json_get(&doc, ncl_json_root(&doc), "TaskARN")));
  }
  if (region.len > 0) (void)snprintf(into, size, "%.*s", NCL_AWS_FMT(region));
  ncl_json_doc_close(&doc);
  return region.len > 0;
}

static void note(ncl_aws_region_search *search, ncl_str words) {
  size_t len = strlen(search->words);
  (void)snprintf(search->words + len, sizeof search->words - len, "%s%.*s", len > 0 ? "; " : "", NCL_AWS_FMT(words));
}

static void take_page(ncl_aws_region_search *search, const ncl_aws_page *page) {
  ncl_range body = page->view.body;
  if (search->step == ASK_ECS) {
    if (ncl_aws_region_of_task(body, search->region, sizeof search->region)) {
      search->source = "the ECS task";
    } else {
      note(search, ncl_aws_str("ECS metadata: the task has no ARN with a region"));
    }
    return;
  }
  ncl_str region = ncl_aws_trim(ncl_str_of((const char *)body.ptr, body.len));
  if (ncl_aws_region_is_valid(region)) {
    (void)snprintf(search->region, sizeof search->region, "%.*s", NCL_AWS_FMT(region));
    search->source = "EC2 metadata";
  } else {
    note(search, ncl_aws_str("EC2 metadata: the answer is no region"));
  }
}

static void on_page(void *arg, ncl_aws_page *page, ncl_status status, ncl_str message);

/* NCL_OK: found. NCL_PENDING. NCL_RETRYABLE: all was asked in vain. */
static ncl_status run(ncl_aws_region_search *search) {
  while (search->source == NULL && search->step < ASKED) {
    ncl_outcome outcome = NCL_OUTCOME_INIT;
    ncl_aws_page *page = NULL;
    bool is_ecs = search->step == ASK_ECS;
    ncl_aws_metadata wanted = {
        .struct_size = sizeof wanted,
        .kind = is_ecs ? NCL_AWS_ECS_METADATA : NCL_AWS_EC2_METADATA,
        .path = ncl_aws_str(is_ecs ? "/task" : "/latest/meta-data/placement/region"),
    };
    ncl_status status = NCL_UNSUPPORTED;
    if (is_ecs || search->ask_ec2) {
      search->document.fn = on_page;
      search->document.arg = search;
      status = ncl_aws_document_get(search->service, &wanted, &search->document, &page, &outcome);
      if (status == NCL_PENDING) return NCL_PENDING;
      if (status == NCL_OK) take_page(search, page);
      if (status != NCL_OK) note(search, outcome.message);
      ncl_aws_page_leave(page);
    } else {
      note(search, ncl_aws_str("EC2 metadata: not asked"));
    }
    search->step++;
  }
  return search->source != NULL ? NCL_OK : NCL_RETRYABLE;
}

static void answer(ncl_aws_region_search *search) {
  ncl_aws_region_waiter due = {.next = search->waiters};
  if (due.next != NULL) due.next->prev = &due;
  search->waiters = NULL;
  while (due.next != NULL) {
    ncl_aws_region_waiter *waiter = due.next;
    due.next = waiter->next;
    if (due.next != NULL) due.next->prev = &due;
    waiter->search = NULL;
    waiter->fn(waiter->arg, ncl_aws_str(search->region), search->source, ncl_aws_str(search->words));
  }
}

static void on_page(void *arg, ncl_aws_page *page, ncl_status status, ncl_str message) {
  ncl_aws_region_search *search = arg;
  if (status == NCL_OK) {
    take_page(search, page);
  } else {
    note(search, message);
  }
  search->step++;
  if (run(search) == NCL_PENDING) return;
  search->is_running = false;
  answer(search);
}

static ncl_aws_region_search *search_of(ncl_aws_service *service, bool ask_ec2) {
  ncl_aws_region_search **place = &service->regions[ask_ec2 ? 1 : 0];
  if (*place == NULL) *place = calloc(1, sizeof **place);
  if (*place != NULL) {
    (*place)->service = service;
    (*place)->ask_ec2 = ask_ec2;
  }
  return *place;
}

ncl_status ncl_aws_region_find(ncl_aws_service *service, bool ask_ec2, ncl_aws_region_waiter *waiter, ncl_str *region,
                               const char **source, ncl_outcome *outcome) {
  ncl_aws_region_search *search = search_of(service, ask_ec2);
  if (search == NULL) return ncl_aws_fail(outcome, NCL_NO_MEMORY, ncl_aws_str("no memory to find the region"));
  ncl_status status = search->source != NULL ? NCL_OK : NCL_PENDING;
  if (status == NCL_PENDING && !search->is_running) {
    search->step = ASK_ECS;
    search->words[0] = '\0';
    status = run(search);
    search->is_running = status == NCL_PENDING;
  }
  if (status == NCL_OK) {
    *region = ncl_aws_str(search->region);
    *source = search->source;
  } else if (status == NCL_PENDING) {
    waiter->search = search;
    waiter->prev = NULL;
    waiter->next = search->waiters;
    if (waiter->next != NULL) waiter->next->prev = waiter;
    search->waiters = waiter;
  } else {
    (void)ncl_aws_fail(outcome, status, ncl_aws_str(search->words));
  }
  return status;
}

/* The search goes on without it: what is found serves the next. */
void ncl_aws_region_leave(ncl_aws_region_waiter *waiter) {
  if (waiter->search == NULL) return;
  if (waiter->next != NULL) waiter->next->prev = waiter->prev;
  if (waiter->prev != NULL) {
    waiter->prev->next = waiter->next;
  } else {
    waiter->search->waiters = waiter->next;
  }
  waiter->search = NULL;
}

void ncl_aws_region_close(ncl_aws_region_search *search) {
  if (search == NULL) return;
  ncl_aws_document_leave(&search->document);
  free(search);
}
