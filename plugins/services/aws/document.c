/* SPDX-License-Identifier: Apache-2.0 */
/* document.c: a list of what was asked for, newest use first; the oldest that nobody waits for makes room. */
#include "document.h"

#include <stdio.h>
#include <stdlib.h>

#include "fetch.h"
#include "imds.h"
#include "text.h"

#define PATH_MAX_LEN 512u
#define BODY_MAX ((size_t)1 << 20)
#define ECS_TIMEOUT_NS (2 * NCL_AWS_SECOND_NS)
#define ECS_TRIES 3u

struct ncl_aws_document_entry {
  ncl_aws_service *service;
  ncl_aws_document_entry *next;
  uint32_t kind, version;
  ncl_aws_page *page;    /* NULL = none yet */
  ncl_aws_fetch *fetch;  /* under way: this or */
  ncl_aws_imds_get *get; /* this */
  ncl_aws_document_waiter *waiters;
  bool is_answering; /* stays meanwhile: those that are called next point to it */
  size_t path_len;
  char path[];
};

void ncl_aws_page_leave(ncl_aws_page *page) {
  if (page != NULL && --page->users == 0) free(page);
}

static bool is_fetched(const ncl_aws_document_entry *entry) {
  return entry->fetch != NULL || entry->get != NULL;
}

/* ---- the list ---------------------------------------------------------------------------------------- */

static void charge(const ncl_aws_service *service, const ncl_aws_page *page, int64_t sign) {
  if (page != NULL) (void)service->host->memory_charge(service->me, sign * (int64_t)page->view.body.len);
}

static void unlink_entry(ncl_aws_document_entry *entry) {
  ncl_aws_document_entry **at = &entry->service->documents;
  while (*at != entry)
    at = &(*at)->next;
  *at = entry->next;
  entry->service->document_count--;
}

static void link_first(ncl_aws_document_entry *entry) {
  entry->next = entry->service->documents;
  entry->service->documents = entry;
  entry->service->document_count++;
}

static void free_entry(ncl_aws_document_entry *entry) {
  ncl_aws_fetch_cancel(entry->fetch);
  ncl_aws_imds_cancel(entry->get);
  charge(entry->service, entry->page, -1);
  ncl_aws_page_leave(entry->page);
  free(entry);
}

/* False: all are being fetched. */
static bool make_room(ncl_aws_service *service) {
  ncl_aws_document_entry *oldest = NULL;
  if (service->document_count < NCL_AWS_DOCUMENTS_MAX) return true;
  for (ncl_aws_document_entry *entry = service->documents; entry != NULL; entry = entry->next) {
    if (!is_fetched(entry) && !entry->is_answering) oldest = entry;
  }
  if (oldest == NULL) return false;
  unlink_entry(oldest);
  free_entry(oldest);
  return true;
}

static ncl_aws_document_entry *find(ncl_aws_service *service, uint32_t kind, ncl_str path) {
  ncl_aws_document_entry *entry = service->documents;
  while (entry != NULL && (entry->kind != kind || !ncl_aws_same(path, ncl_str_of(entry->path, entry->path_len))))
    entry = entry->next;
  if (entry == NULL && make_room(service)) {
    entry = calloc(1, sizeof *entry + path.len);
    if (entry == NULL) return NULL;
    entry->service = service;
    entry->kind = kind;
    entry->path_len = path.len;
    if (path.len > 0) memcpy(entry->path, path.ptr, path.len);
    link_first(entry);
  } else if (entry != NULL) {
    unlink_entry(entry);
    link_first(entry);
  }
  return entry;
}

/* ---- answers ----------------------------------------------------------------------------------------- */

static void unlink_waiter(ncl_aws_document_waiter *waiter) {
  if (waiter->next != NULL) waiter->next->prev = waiter->prev;
  if (waiter->prev != NULL) {
    waiter->prev->next = waiter->next;
  } else if (waiter->entry != NULL) {
    waiter->entry->waiters = waiter->next;
  }
  waiter->entry = NULL;
}

/* Calls all that wait. */
static void answer(ncl_aws_document_entry *entry, ncl_status status, ncl_str message) {
  ncl_aws_page *page = status == NCL_OK ? entry->page : NULL;
  ncl_aws_document_waiter due = {.next = entry->waiters};
  if (page != NULL) page->users++;
  /* Those that come from now on wait for another fetch. */
  if (due.next != NULL) due.next->prev = &due;
  entry->waiters = NULL;
  entry->is_answering = true;
  while (due.next != NULL) {
    ncl_aws_document_waiter *waiter = due.next;
    due.next = waiter->next;
    if (due.next != NULL) due.next->prev = &due;
    waiter->entry = NULL;
    waiter->fn(waiter->arg, page, status, message);
  }
  entry->is_answering = false;
  ncl_aws_page_leave(page);
}

static ncl_aws_page *make_page(const ncl_aws_document_entry *entry, ncl_range body) {
  ncl_aws_page *page = malloc(sizeof *page + body.len);
  if (page == NULL) return NULL;
  if (body.len > 0) memcpy(page->bytes, body.ptr, body.len);
  page->users = 1;
  page->view = (ncl_aws_document){.struct_size = sizeof page->view,
                                  .version = entry->version,
                                  .body = {page->bytes, body.len},
                                  .fetched_ns = ncl_aws_now(entry->service)};
  return page;
}

static ncl_status take(ncl_aws_document_entry *entry, const ncl_aws_fetched *fetched, char *words, size_t size) {
  const char *what = entry->kind == NCL_AWS_ECS_METADATA ? "ECS" : "EC2";
  const ncl_aws_service *service = entry->service;
  if (fetched->status != NCL_OK) {
    (void)snprintf(words, size, "%s metadata: %.*s", what, NCL_AWS_FMT(fetched->message));
    return fetched->status == NCL_NO_MEMORY ? NCL_NO_MEMORY : NCL_RETRYABLE;
  }
  if (fetched->http_status != 200) {
    (void)snprintf(words, size, "%s metadata: HTTP %u for %.*s", what, fetched->http_status, (int)entry->path_len,
                   entry->path);
    return fetched->http_status == 404 ? NCL_PERMANENT : NCL_RETRYABLE;
  }
  (void)snprintf(words, size, "%s metadata: no memory, or more than 1 MiB", what);
  if (fetched->body.len > BODY_MAX) return NCL_PERMANENT;
  ncl_aws_page *page = make_page(entry, fetched->body);
  if (page == NULL) return NCL_NO_MEMORY;
  if (service->host->memory_charge(service->me, (int64_t)page->view.body.len) != NCL_OK) {
    ncl_aws_page_leave(page);
    return NCL_NO_MEMORY;
  }
  charge(service, entry->page, -1);
  ncl_aws_page_leave(entry->page);
  entry->page = page;
  return NCL_OK;
}

static void on_fetched(void *arg, const ncl_aws_fetched *fetched) {
  ncl_aws_document_entry *entry = arg;
  char words[400];
  entry->fetch = NULL;
  entry->get = NULL;
  ncl_status status = take(entry, fetched, words, sizeof words);
  answer(entry, status, ncl_aws_str(status == NCL_OK ? "" : words));
}

/* ---- asking ------------------------------------------------------------------------------------------ */

static ncl_status fetch_ecs(ncl_aws_document_entry *entry, ncl_outcome *outcome) {
  ncl_aws_service *service = entry->service;
  char url[1024];
  entry->version = 4;
  ncl_str base = ncl_aws_env(service, "ECS_CONTAINER_METADATA_URI_V4");
  if (base.len == 0) {
    entry->version = 3;
    base = ncl_aws_env(service, "ECS_CONTAINER_METADATA_URI");
  }
  if (base.len == 0) {
    return ncl_aws_fail(outcome, NCL_UNSUPPORTED,
                        ncl_aws_str("ECS metadata: neither ECS_CONTAINER_METADATA_URI_V4 nor "
                                    "ECS_CONTAINER_METADATA_URI is set"));
  }
  int len = snprintf(url, sizeof url, "%.*s%.*s", NCL_AWS_FMT(base), (int)entry->path_len, entry->path);
  if (len <= 0 || (size_t)len >= sizeof url) {
    return ncl_aws_fail(outcome, NCL_PERMANENT, ncl_aws_str("ECS metadata: the URI has more than 1,000 characters"));
  }
  ncl_aws_fetch_request request = {.way = NCL_AWS_TO_METADATA,
                                   .tries = ECS_TRIES,
                                   .method = "GET",
                                   .url = ncl_aws_str(url),
                                   .timeout_ns = ECS_TIMEOUT_NS};
  entry->fetch = ncl_aws_fetch_start(service, &request, on_fetched, entry);
  return entry->fetch != NULL ? NCL_PENDING : ncl_aws_fail(outcome, NCL_NO_MEMORY, ncl_aws_str("no memory"));
}

static ncl_status fetch_ec2(ncl_aws_document_entry *entry, ncl_outcome *outcome) {
  entry->version = 2;
  if (ncl_aws_imds_is_off(entry->service)) {
    return ncl_aws_fail(outcome, NCL_UNSUPPORTED,
                        ncl_aws_str("EC2 metadata: switched off by AWS_EC2_METADATA_DISABLED"));
  }
  entry->get = ncl_aws_imds_start(entry->service, ncl_str_of(entry->path, entry->path_len), on_fetched, entry);
  return entry->get != NULL ? NCL_PENDING : ncl_aws_fail(outcome, NCL_NO_MEMORY, ncl_aws_str("no memory"));
}

static bool is_path(const ncl_aws_metadata *wanted) {
  ncl_str path = wanted->path;
  if (path.len > PATH_MAX_LEN || !ncl_aws_is_printable(path) || ncl_aws_find(path, ' ') < path.len) return false;
  return path.len > 0 ? path.ptr[0] == '/' : wanted->kind == NCL_AWS_ECS_METADATA;
}

static bool is_young(const ncl_aws_document_entry *entry, int64_t max_age_ns) {
  if (entry->page == NULL) return false;
  return max_age_ns == 0 || ncl_aws_now(entry->service) - entry->page->view.fetched_ns <= max_age_ns;
}

ncl_status ncl_aws_document_get(ncl_aws_service *service, const ncl_aws_metadata *wanted,
                                ncl_aws_document_waiter *waiter, ncl_aws_page **page, ncl_outcome *outcome) {
  bool is_kind = wanted->kind == NCL_AWS_ECS_METADATA || wanted->kind == NCL_AWS_EC2_METADATA;
  if (!is_kind || !is_path(wanted)) {
    return ncl_aws_fail(outcome, NCL_PERMANENT, ncl_aws_str("there is no such metadata: its path begins with a slash"));
  }
  ncl_aws_document_entry *entry = find(service, wanted->kind, wanted->path);
  if (entry == NULL) return ncl_aws_fail(outcome, NCL_NO_MEMORY, ncl_aws_str("no memory for metadata"));
  if (is_young(entry, wanted->max_age_ns)) {
    entry->page->users++;
    *page = entry->page;
    return NCL_OK;
  }
  ncl_status status = NCL_PENDING;
  if (!is_fetched(entry)) {
    status = wanted->kind == NCL_AWS_ECS_METADATA ? fetch_ecs(entry, outcome) : fetch_ec2(entry, outcome);
  }
  if (status != NCL_PENDING) return status;
  waiter->entry = entry;
  waiter->prev = NULL;
  waiter->next = entry->waiters;
  if (waiter->next != NULL) waiter->next->prev = waiter;
  entry->waiters = waiter;
  return NCL_PENDING;
}

/* One that is called just now is in a list of its own: its entry is not NULL before its turn. */
void ncl_aws_document_leave(ncl_aws_document_waiter *waiter) {
  ncl_aws_document_entry *entry = waiter->entry;
  if (entry == NULL) return;
  unlink_waiter(waiter);
  if (entry->waiters != NULL || !is_fetched(entry)) return;
  ncl_aws_fetch_cancel(entry->fetch);
  ncl_aws_imds_cancel(entry->get);
  entry->fetch = NULL;
  entry->get = NULL;
}

void ncl_aws_documents_close(ncl_aws_service *service) {
  while (service->documents != NULL) {
    ncl_aws_document_entry *entry = service->documents;
    service->documents = entry->next;
    service->document_count--;
    while (entry->waiters != NULL)
      unlink_waiter(entry->waiters);
    free_entry(entry);
  }
}
