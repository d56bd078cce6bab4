/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/aws/log_events.c: a set of log events, each written once into the JSON that PutLogEvents takes. */
#include <nacelle/json_write.h>
#include <stdlib.h>

#include "log_plain.h"
#include "log_set.h"

#define NS_PER_MS INT64_C(1000000)
#define BEFORE_TIME ",{\"timestamp\":"
#define BEFORE_MESSAGE ",\"message\":\""

static const char truncated[] = "[Truncated...]";
#define TRUNCATED_LEN (sizeof truncated - 1)

ncl_log_events *ncl_log_events_new(const ncl_host *host, ncl_component *me, int64_t wall_ns, size_t max_event) {
  ncl_log_events *set = calloc(1, sizeof *set);
  if (set == NULL) return NULL;
  set->host = host;
  set->me = me;
  set->now_ms = wall_ns / NS_PER_MS;
  set->max_event = max_event > 0 && max_event < NCL_LOG_EVENT_BYTES ? max_event : NCL_LOG_EVENT_BYTES;
  ncl_writer_heap(&set->text, NCL_LOG_SET_BYTES);
  return set;
}

void ncl_log_events_free(ncl_log_events *set) {
  if (set == NULL) return;
  if (set->charged > 0) (void)set->host->memory_charge(set->me, -set->charged);
  for (uint32_t i = 0; i < set->stream_count; i++)
    free(set->streams[i].group);
  free(set->streams);
  free(set->events);
  free(set->order);
  ncl_writer_close(&set->text);
  free(set);
}

/* Room for one more element. */
static void *grown(void *array, uint32_t count, uint32_t *capacity, size_t size) {
  if (count < *capacity) return array;
  uint32_t more = *capacity == 0 ? 8 : *capacity * 2;
  void *bigger = more > *capacity ? realloc(array, more * size) : NULL;
  if (bigger != NULL) *capacity = more;
  return bigger;
}

/* ---- streams ----------------------------------------------------------------------------------------- */

static bool is_group_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == '_' || c == '/' || c == '#';
}

/* As AWS takes it. Returns its length; `out` has room for as many bytes as the name, and NCL_LOG_NAME_MAX are enough.
 */
static uint32_t clean_name(ncl_str name, bool is_group, char *out) {
  size_t len = name.len < NCL_LOG_NAME_MAX ? name.len : NCL_LOG_NAME_MAX;
  uint32_t made = 0;
  while (len > 0 && len < name.len && ((uint8_t)name.ptr[len] & 0xc0u) == 0x80u)
    len--;
  for (size_t i = 0; i < len; i++) {
    char c = name.ptr[i];
    if (is_group && ((uint8_t)c & 0xc0u) == 0x80u) continue; /* one "_" a character */
    bool is_fine = is_group ? is_group_letter(c) : c != ':' && c != '*' && (uint8_t)c >= 0x20 && c != 0x7f;
    out[made++] = is_fine ? c : '_';
  }
  return made;
}

static uint64_t hash_of(ncl_str text, uint64_t hash) {
  for (size_t i = 0; i < text.len; i++)
    hash = (hash ^ (uint8_t)text.ptr[i]) * UINT64_C(0x100000001b3);
  return (hash ^ 0xffu) * UINT64_C(0x100000001b3);
}

static bool is_stream(const log_stream *s, uint64_t hash, ncl_str group, ncl_str name) {
  return s->hash == hash && s->group_len == group.len && s->name_len == name.len &&
         memcmp(s->group, group.ptr, group.len) == 0 && memcmp(s->name, name.ptr, name.len) == 0;
}

static ncl_status add_stream(ncl_log_events *set, uint64_t hash, ncl_str group, ncl_str name, uint32_t *stream) {
  if (set->stream_count == NCL_LOG_SET_STREAMS) return NCL_PERMANENT;
  log_stream *list = grown(set->streams, set->stream_count, &set->stream_capacity, sizeof *list);
  if (list == NULL) return NCL_NO_MEMORY;
  set->streams = list;
  char *names = malloc(group.len + name.len + 2);
  if (names == NULL) return NCL_NO_MEMORY;
  log_stream *s = &list[set->stream_count];
  memset(s, 0, sizeof *s);
  memcpy(names, group.ptr, group.len);
  names[group.len] = '\0';
  memcpy(names + group.len + 1, name.ptr, name.len);
  names[group.len + 1 + name.len] = '\0';
  s->group = names;
  s->name = names + group.len + 1;
  s->group_len = (uint32_t)group.len;
  s->name_len = (uint32_t)name.len;
  s->hash = hash;
  *stream = set->last_stream = set->stream_count++;
  return NCL_OK;
}

ncl_status ncl_log_events_stream(ncl_log_events *set, ncl_str group, ncl_str name, uint32_t *stream) {
  char group_text[NCL_LOG_NAME_MAX], name_text[NCL_LOG_NAME_MAX];
  ncl_str clean_group = {group_text, clean_name(group, true, group_text)};
  ncl_str clean_stream = {name_text, clean_name(name, false, name_text)};
  if (clean_group.len == 0 || clean_stream.len == 0) return NCL_PERMANENT;
  uint64_t hash = hash_of(clean_stream, hash_of(clean_group, UINT64_C(0xcbf29ce484222325)));
  for (uint32_t i = 0, at = set->last_stream; i < set->stream_count; i++, at++) {
    if (at >= set->stream_count) at = 0;
    if (!is_stream(&set->streams[at], hash, clean_group, clean_stream)) continue;
    *stream = set->last_stream = at;
    return NCL_OK;
  }
  return add_stream(set, hash, clean_group, clean_stream, stream);
}

/* ---- events ------------------------------------------------------------------------------------------ */

static const uint8_t *skip_escape(const uint8_t *at, const uint8_t *end) {
  size_t len = end - at >= 2 && at[1] == 'u' ? 6 : 2;
  return (size_t)(end - at) < len ? end : at + len;
}

/* Where the JSON text of a string is to be cut to have `limit` bytes by itself; the end of it, with *size, if it has no
 * more. Characters stay whole. \u is only written for characters of one byte. */
static const uint8_t *cut_at(const uint8_t *at, const uint8_t *end, size_t limit, size_t *size) {
  const uint8_t *whole = at; /* end of the last character that fits */
  size_t plain = 0;
  while (at < end) {
    if ((*at & 0xc0u) != 0x80u) whole = at;
    if (plain == limit) return whole;
    at = *at == '\\' ? skip_escape(at, end) : at + 1;
    plain++;
  }
  *size = plain;
  return end;
}

/* True: it was too long, and is cut. *size: bytes that it has by itself now, if they had to be counted. */
static bool shorten(ncl_log_events *set, size_t *size) {
  ncl_writer *w = &set->text;
  size_t limit = set->max_event - NCL_LOG_EVENT_EXTRA;
  if (w->len - set->message <= limit) return false; /* escapes only make it longer */
  const uint8_t *begin = w->base + set->message, *end = w->base + w->len;
  if (cut_at(begin, end, limit, size) == end) return false;
  const uint8_t *stop = cut_at(begin, end, limit - TRUNCATED_LEN, size);
  w->len = (size_t)(stop - w->base);
  *size = ncl_log_plain_size(begin, (size_t)(stop - begin)) + TRUNCATED_LEN;
  ncl_write_raw(w, truncated, TRUNCATED_LEN);
  return true;
}

ncl_writer *ncl_log_events_begin(ncl_log_events *set, uint32_t stream, int64_t time_ms) {
  ncl_writer *w = &set->text;
  set->begun = w->len;
  set->begun_stream = stream;
  set->begun_ms = time_ms > 0 ? time_ms : set->now_ms;
  ncl_json_literal(w, BEFORE_TIME);
  ncl_json_put_int(w, set->begun_ms);
  ncl_json_literal(w, BEFORE_MESSAGE);
  set->message = w->len;
  return w;
}

void ncl_log_events_drop(ncl_log_events *set) {
  set->text.len = set->begun;
  set->text.status = NCL_OK;
}

static ncl_log_event *add_event(ncl_log_events *set, uint32_t items, uint32_t tag) {
  ncl_log_event *list = grown(set->events, set->count, &set->capacity, sizeof *list);
  if (list == NULL) return NULL;
  free(set->order);
  set->order = NULL;
  set->events = list;
  ncl_log_event *e = &list[set->count++];
  memset(e, 0, sizeof *e);
  e->items = items;
  e->tag = tag;
  return e;
}

/* Why AWS would not take the event that is being written; NULL: it would. */
static const char *objection(const ncl_log_events *set) {
  if (set->text.len == set->message) return "empty";
  if (set->begun_ms < set->now_ms - NCL_LOG_OLDEST_MS) return "too_old";
  return set->begun_ms > set->now_ms + NCL_LOG_NEWEST_MS ? "too_new" : NULL;
}

ncl_status ncl_log_events_end(ncl_log_events *set, uint32_t items, uint32_t tag) {
  ncl_writer *w = &set->text;
  size_t size = 0, marked = set->begun;
  ncl_status status = w->status;
  const char *reason = status == NCL_OK ? objection(set) : NULL;
  if (reason != NULL) {
    ncl_log_events_drop(set);
    return ncl_log_events_reject(set, items, tag, reason);
  }
  bool is_cut = status == NCL_OK && shorten(set, &size);
  ncl_json_literal(w, "\"}");
  status = w->status;
  ncl_log_event *e = status == NCL_OK ? add_event(set, items, tag) : NULL;
  if (e == NULL) {
    ncl_log_events_drop(set);
    return status == NCL_OK ? NCL_NO_MEMORY : status;
  }
  e->time_ms = set->begun_ms;
  e->stream = set->begun_stream;
  e->is_cut = is_cut;
  e->at = marked;
  e->len = (uint32_t)(w->len - marked);
  e->size = size > 0 ? (uint32_t)(size + NCL_LOG_EVENT_EXTRA) : 0;
  return NCL_OK;
}

ncl_status ncl_log_events_add(ncl_log_events *set, uint32_t stream, int64_t time_ms, ncl_str text, uint32_t items,
                              uint32_t tag) {
  ncl_writer *w = ncl_log_events_begin(set, stream, time_ms);
  if (w->status == NCL_OK) w->len--; /* the quotes are those of the string */
  ncl_json_put_str(w, text);
  if (w->status == NCL_OK) w->len--;
  return ncl_log_events_end(set, items, tag);
}

void ncl_log_reasons_add(log_reasons *reasons, const char *word, uint64_t events, uint64_t items) {
  uint32_t i = 0;
  while (i < reasons->count && strcmp(reasons->list[i].word, word) != 0)
    i++;
  if (i == LOG_REASONS) i = LOG_REASONS - 1;
  if (i == reasons->count) reasons->list[reasons->count++] = (log_reason){word, 0, 0};
  reasons->list[i].events += events;
  reasons->list[i].items += items;
}

ncl_status ncl_log_events_reject(ncl_log_events *set, uint32_t items, uint32_t tag, const char *reason) {
  ncl_log_event *e = add_event(set, items, tag);
  if (e == NULL) return NCL_NO_MEMORY;
  e->fate = NCL_LOG_REJECTED;
  ncl_log_reasons_add(&set->reasons, reason, 1, items);
  return NCL_OK;
}

/* ---- looking ----------------------------------------------------------------------------------------- */

uint32_t ncl_log_events_count(const ncl_log_events *set) {
  return set->count;
}

const ncl_log_event *ncl_log_events_at(const ncl_log_events *set, uint32_t i) {
  return &set->events[i];
}

size_t ncl_log_events_bytes(const ncl_log_events *set) {
  return set->text.len;
}

ncl_str ncl_log_events_message(const ncl_log_events *set, uint32_t i) {
  const ncl_log_event *e = &set->events[i];
  size_t before = sizeof BEFORE_TIME - 1 + sizeof BEFORE_MESSAGE - 1;
  if (e->len == 0) return ncl_str_of(NULL, 0);
  for (int64_t digits = e->time_ms; digits > 0; digits /= 10)
    before++;
  return ncl_str_of((const char *)set->text.base + e->at + before, e->len - before - 2);
}

ncl_str ncl_log_events_group(const ncl_log_events *set, uint32_t stream) {
  return log_stream_group(&set->streams[stream]);
}

ncl_str ncl_log_events_name(const ncl_log_events *set, uint32_t stream) {
  return log_stream_name(&set->streams[stream]);
}

/* ---- order ------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b, void *arg) {
  const ncl_log_event *events = arg;
  uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
  const ncl_log_event *x = &events[i], *y = &events[k];
  if (x->stream != y->stream) return x->stream < y->stream ? -1 : 1;
  if (x->time_ms != y->time_ms) return x->time_ms < y->time_ms ? -1 : 1;
  return i < k ? -1 : i > k;
}

ncl_status ncl_log_events_sort(ncl_log_events *set) {
  if (set->order != NULL || set->count == 0) return NCL_OK;
  uint32_t *order = malloc(set->count * sizeof *order), n = 0;
  bool is_sorted = true;
  if (order == NULL) return NCL_NO_MEMORY;
  for (uint32_t i = 0; i < set->count; i++) {
    if (set->events[i].len == 0) continue;
    order[n++] = i;
    if (n > 1 && is_sorted) is_sorted = compare(&order[n - 2], &order[n - 1], set->events) < 0;
  }
  if (!is_sorted) qsort_r(order, n, sizeof *order, compare, set->events);
  for (uint32_t s = 0; s < set->stream_count; s++)
    set->streams[s].first = set->streams[s].count = 0;
  for (uint32_t i = 0; i < n; i++) {
    log_stream *s = &set->streams[set->events[order[i]].stream];
    if (s->count++ == 0) s->first = i;
  }
  set->order = order;
  return NCL_OK;
}

/* ---- calls ------------------------------------------------------------------------------------------- */

static uint32_t size_of(ncl_log_events *set, ncl_log_event *e) {
  if (e->size == 0) {
    ncl_str message = ncl_log_events_message(set, (uint32_t)(e - set->events));
    e->size = (uint32_t)(ncl_log_plain_size((const uint8_t *)message.ptr, message.len) + NCL_LOG_EVENT_EXTRA);
  }
  return e->size;
}

/* How many events from `first` on make one call. Bytes are counted exactly only where the escaped ones are too many:
 * these are never fewer. */
static uint32_t count_that_fits(ncl_log_events *set, const log_stream *s, uint32_t first) {
  uint32_t end = s->first + s->count;
  const ncl_log_event *oldest = &set->events[set->order[first]];
  uint32_t at = first;
  size_t bytes = 0;
  for (; at < end && at - first < NCL_LOG_CALL_EVENTS; at++) {
    const ncl_log_event *e = &set->events[set->order[at]];
    if (e->fate != NCL_LOG_OPEN || e->time_ms - oldest->time_ms > NCL_LOG_CALL_SPAN_MS) break;
    bytes += e->len;
  }
  if (bytes <= NCL_LOG_CALL_BYTES) return at - first;
  bytes = 0;
  for (uint32_t i = first; i < at; i++) {
    bytes += size_of(set, &set->events[set->order[i]]);
    if (bytes > NCL_LOG_CALL_BYTES && i > first) return i - first;
  }
  return at - first;
}

static void write_head(ncl_log_call *call, const log_stream *s) {
  ncl_writer_heap(&call->head, 16 * NCL_LOG_NAME_MAX);
  ncl_json_literal(&call->head, "{\"logGroupName\":");
  ncl_json_put_str(&call->head, log_stream_group(s));
  ncl_json_literal(&call->head, ",\"logStreamName\":");
  ncl_json_put_str(&call->head, log_stream_name(s));
  ncl_json_literal(&call->head, ",\"logEvents\":[");
}

static void add_piece(ncl_log_call *call, const void *bytes, size_t len) {
  ncl_range *last = call->piece_count > 0 ? &call->pieces[call->piece_count - 1] : NULL;
  if (last != NULL && last->ptr + last->len == (const uint8_t *)bytes) {
    last->len += len;
  } else {
    call->pieces[call->piece_count++] = (ncl_range){bytes, len};
  }
}

ncl_status ncl_log_events_call(ncl_log_events *set, uint32_t stream, uint32_t from, ncl_log_call *call) {
  const log_stream *s = &set->streams[stream];
  memset(call, 0, sizeof *call);
  ncl_status status = ncl_log_events_sort(set);
  if (status != NCL_OK || s->count == 0) return status;
  uint32_t end = s->first + s->count, first = from > s->first ? from : s->first;
  while (first < end && set->events[set->order[first]].fate != NCL_LOG_OPEN)
    first++;
  call->first = first;
  if (first == end) return NCL_OK;
  uint32_t count = count_that_fits(set, s, first);
  write_head(call, s);
  call->pieces = calloc(count + 2, sizeof *call->pieces);
  if (call->pieces == NULL || call->head.status != NCL_OK) return NCL_NO_MEMORY;
  call->count = count;
  add_piece(call, call->head.base, call->head.len);
  for (uint32_t i = 0; i < count; i++) {
    const ncl_log_event *e = &set->events[set->order[first + i]];
    size_t comma = i == 0;
    add_piece(call, set->text.base + e->at + comma, e->len - comma);
  }
  add_piece(call, "]}", 2);
  return NCL_OK;
}

void ncl_log_call_close(ncl_log_call *call) {
  ncl_writer_close(&call->head);
  free(call->pieces);
  memset(call, 0, sizeof *call);
}

uint32_t ncl_log_call_event(const ncl_log_events *set, const ncl_log_call *call, uint32_t i) {
  return set->order[call->first + i];
}
