/* SPDX-License-Identifier: Apache-2.0 */
/* series.c: a table of series, in memory that is given out piece by piece and taken back all at once at the end of an
 * interval. */
#include "series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)65536)
#define PLACES_MIN 256u
#define SENDER_PLACES 1024u
#define SAMPLES_PER_SERIES 32u /* on the average, that one interval may keep */

typedef struct ncl_statsd_block {
  struct ncl_statsd_block *next;
  size_t size;
  char bytes[];
} ncl_statsd_block;

/* ---- memory ------------------------------------------------------------------------------------------ */

static void *take(ncl_statsd_table *t, size_t size) {
  size = (size + 15) & ~(size_t)15;
  if (t->blocks == NULL || t->blocks->size - t->used < size) {
    size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    if (t->host->memory_charge(t->me, (int64_t)room) != NCL_OK) return NULL;
    ncl_statsd_block *block = aligned_alloc(16, (sizeof *block + room + 15) & ~(size_t)15);
    if (block == NULL) {
      (void)t->host->memory_charge(t->me, -(int64_t)room);
      return NULL;
    }
    block->size = room;
    block->next = t->blocks;
    t->blocks = block;
    t->charged += room;
    t->used = 0;
  }
  void *at = t->blocks->bytes + t->used;
  t->used += size;
  memset(at, 0, size);
  return at;
}

static ncl_str copy_of(ncl_statsd_table *t, ncl_str text) {
  char *copy = take(t, text.len + 1);
  if (copy != NULL && text.len > 0) memcpy(copy, text.ptr, text.len);
  return (ncl_str){copy, copy != NULL ? text.len : 0};
}

static void free_blocks(ncl_statsd_table *t) {
  while (t->blocks != NULL) {
    ncl_statsd_block *next = t->blocks->next;
    free(t->blocks);
    t->blocks = next;
  }
  if (t->charged > 0) (void)t->host->memory_charge(t->me, -(int64_t)t->charged);
  t->charged = 0;
  t->used = 0;
}

ncl_status ncl_statsd_table_open(ncl_statsd_table *t, const ncl_host *host, ncl_component *me,
                                 const ncl_statsd_rules *rules, uint64_t seed) {
  *t = (ncl_statsd_table){.host = host, .me = me, .rules = rules, .seed = seed, .random = seed | 1};
  t->places = calloc(PLACES_MIN, sizeof *t->places);
  t->sender_places = calloc(SENDER_PLACES, sizeof *t->sender_places);
  t->place_count = PLACES_MIN;
  return t->places != NULL && t->sender_places != NULL ? NCL_OK : NCL_NO_MEMORY;
}

void ncl_statsd_table_reset(ncl_statsd_table *t, int64_t now_ns) {
  free_blocks(t);
  memset(t->places, 0, t->place_count * sizeof *t->places);
  memset(t->sender_places, 0, SENDER_PLACES * sizeof *t->sender_places);
  t->series_count = 0;
  t->sample_count = 0;
  t->senders = t->newest = NULL;
  t->since_ns = now_ns;
}

void ncl_statsd_table_close(ncl_statsd_table *t) {
  free_blocks(t);
  free(t->places);
  free(t->sender_places);
  free(t->key);
  t->places = NULL;
  t->sender_places = NULL;
  t->key = NULL;
}

/* ---- senders ----------------------------------------------------------------------------------------- */

static bool same(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static ncl_str sender_key(const ncl_statsd_rules *rules, ncl_str peer) {
  if (rules->ignore_host) return (ncl_str){"", 0};
  size_t len = peer.len;
  while (rules->ip_only && len > 0 && peer.ptr[len - 1] != ':')
    len--;
  return len > 1 ? (ncl_str){peer.ptr, len - (rules->ip_only ? 1 : 0)} : peer;
}

static uint64_t hash_of(const char *key, size_t len, uint64_t seed) {
  uint64_t h = seed * UINT64_C(0x9e3779b97f4a7c15) ^ len;
  for (size_t i = 0; i < len; i++)
    h = (h ^ (uint8_t)key[i]) * UINT64_C(0x100000001b3);
  return h ^ h >> 29;
}

static ncl_statsd_sender *sender_of(ncl_statsd_table *t, ncl_str key, ncl_str peer) {
  if (t->newest != NULL && same(t->newest->key, key)) return t->newest;
  ncl_statsd_sender **place = &t->sender_places[hash_of(key.ptr, key.len, t->seed) & (SENDER_PLACES - 1)];
  ncl_statsd_sender *sender = *place;
  while (sender != NULL && !same(sender->key, key))
    sender = sender->collision;
  if (sender == NULL) {
    sender = take(t, sizeof *sender);
    if (sender == NULL) return NULL;
    sender->peer = copy_of(t, peer);
    if (sender->peer.ptr == NULL) return NULL;
    sender->key = (ncl_str){sender->peer.ptr, key.len};
    sender->next = t->senders;
    t->senders = sender;
    sender->collision = *place;
    *place = sender;
  }
  t->newest = sender;
  return sender;
}

/* ---- the table --------------------------------------------------------------------------------------- */

static char *put(char *at, ncl_str text) {
  uint32_t len = (uint32_t)text.len;
  memcpy(at, &len, sizeof len);
  if (text.len > 0) memcpy(at + sizeof len, text.ptr, text.len);
  return at + sizeof len + text.len;
}

/* Sender, type, name and tags, each with its length, so that no two series have one key. */
static bool build_key(ncl_statsd_table *t, const ncl_statsd_line *line, ncl_str sender, ncl_str *key) {
  size_t size = 16 + sender.len + line->name.len;
  for (uint32_t i = 0; i < line->tag_count; i++)
    size += 8 + line->tags[i].key.len + line->tags[i].value.len;
  if (size > t->key_capacity) {
    char *grown = realloc(t->key, size * 2);
    if (grown == NULL) return false;
    t->key = grown;
    t->key_capacity = size * 2;
  }
  char *at = put(put(t->key, sender), line->name);
  *at++ = (char)line->type;
  for (uint32_t i = 0; i < line->tag_count; i++)
    at = put(put(at, line->tags[i].key), line->tags[i].value);
  *key = (ncl_str){t->key, (size_t)(at - t->key)};
  return true;
}

static ncl_statsd_series *find(const ncl_statsd_table *t, uint64_t hash, ncl_str key) {
  ncl_statsd_series *series = t->places[hash & (t->place_count - 1)];
  while (series != NULL && (series->hash != hash || !same(series->key, key)))
    series = series->collision;
  return series;
}

static void grow(ncl_statsd_table *t) {
  uint32_t count = t->place_count * 2;
  ncl_statsd_series **places = calloc(count, sizeof *places);
  if (places == NULL) return; /* it goes on, more slowly */
  for (uint32_t i = 0; i < t->place_count; i++) {
    ncl_statsd_series *series = t->places[i];
    while (series != NULL) {
      ncl_statsd_series *next = series->collision;
      ncl_statsd_series **place = &places[series->hash & (count - 1)];
      series->collision = *place;
      *place = series;
      series = next;
    }
  }
  free(t->places);
  t->places = places;
  t->place_count = count;
}

static const ncl_statsd_observer *observer_of(const ncl_statsd_rules *rules, uint32_t type) {
  if (type <= NCL_STATSD_GAUGE) return NULL;
  return type == NCL_STATSD_TIMING ? &rules->timers : &rules->histograms;
}

static bool copy_tags(ncl_statsd_table *t, ncl_statsd_series *series, const ncl_statsd_line *line) {
  series->tags = take(t, (line->tag_count + 1) * sizeof *series->tags);
  if (series->tags == NULL) return false;
  series->tag_count = line->tag_count;
  for (uint32_t i = 0; i < line->tag_count; i++) {
    series->tags[i].key = copy_of(t, line->tags[i].key);
    series->tags[i].value = copy_of(t, line->tags[i].value);
    if (series->tags[i].key.ptr == NULL || series->tags[i].value.ptr == NULL) return false;
  }
  return true;
}

static bool open_histogram(ncl_statsd_table *t, ncl_statsd_series *series) {
  const ncl_statsd_observer *o = series->observer;
  for (uint32_t i = 0; i < o->bucket_count; i++) {
    if (ncl_regex_find(o->buckets[i].pattern, series->name, NULL, 0) != NCL_REGEX_YES) continue;
    series->explicit_buckets = take(t, sizeof *series->explicit_buckets + (o->buckets[i].count + 1) * sizeof(uint64_t));
    if (series->explicit_buckets != NULL) series->explicit_buckets->buckets = &o->buckets[i];
    return series->explicit_buckets != NULL;
  }
  series->exponential = take(t, sizeof *series->exponential);
  uint64_t *counts = take(t, 2 * (size_t)o->max_size * sizeof *counts);
  if (series->exponential == NULL || counts == NULL) return false;
  ncl_exponential_open(series->exponential, o->max_size, counts);
  return true;
}

/* What fails half-way is taken back with the interval's memory. */
static ncl_statsd_series *new_series(ncl_statsd_table *t, ncl_statsd_sender *sender, const ncl_statsd_line *line,
                                     uint64_t hash, ncl_str key) {
  ncl_statsd_series *series = take(t, sizeof *series);
  if (series == NULL) return NULL;
  series->hash = hash;
  series->key = copy_of(t, key);
  series->name = copy_of(t, line->name);
  series->type = line->type;
  series->observer = observer_of(t->rules, line->type);
  if (series->observer != NULL) series->as = series->observer->as;
  if (series->key.ptr == NULL || series->name.ptr == NULL || !copy_tags(t, series, line)) return NULL;
  if (series->observer != NULL && series->as == NCL_STATSD_AS_HISTOGRAM && !open_histogram(t, series)) return NULL;
  if (t->series_count >= t->place_count) grow(t);
  ncl_statsd_series **place = &t->places[hash & (t->place_count - 1)];
  series->collision = *place;
  *place = series;
  if (sender->last != NULL)
    sender->last->next = series;
  else
    sender->first = series;
  sender->last = series;
  sender->count++;
  t->series_count++;
  return series;
}

/* ---- aggregation ------------------------------------------------------------------------------------- */

static int64_t whole_of(double value) {
  if (value >= 9223372036854775807.0) return INT64_MAX;
  if (value <= -9223372036854775808.0) return INT64_MIN;
  return (int64_t)value;
}

/* Up with the probability of the fraction, so that sums are right on the average. */
static int64_t stochastic(ncl_statsd_table *t, double value) {
  t->random ^= t->random << 13;
  t->random ^= t->random >> 7;
  t->random ^= t->random << 17;
  double chance = (double)(t->random >> 11) * 0x1p-53;
  return whole_of(floor(value) + (chance < value - floor(value) ? 1 : 0));
}

static void count_in(ncl_statsd_table *t, ncl_statsd_series *series, const ncl_statsd_line *line, bool is_new) {
  double value = line->value * line->weight;
  if (is_new) series->time_ns = line->timestamp_ns;
  if (t->rules->counter_type == NCL_STATSD_FLOAT) {
    series->number += value;
    return;
  }
  int64_t whole = t->rules->counter_type == NCL_STATSD_INT ? whole_of(value) : stochastic(t, value);
  if (__builtin_add_overflow(series->whole, whole, &series->whole)) series->whole = whole > 0 ? INT64_MAX : INT64_MIN;
}

static void set_gauge(ncl_statsd_series *series, const ncl_statsd_line *line, bool is_new, int64_t now_ns) {
  if (!is_new && line->is_addition) {
    series->number += line->value;
    return;
  }
  series->number = line->value;
  series->time_ns = now_ns;
}

static bool add_sample(ncl_statsd_table *t, ncl_statsd_series *series, const ncl_statsd_line *line, int64_t now_ns) {
  ncl_statsd_samples *piece = series->last_samples;
  if (piece == NULL || piece->count == NCL_STATSD_PIECE) {
    piece = take(t, sizeof *piece);
    if (piece == NULL) return false;
    if (series->last_samples != NULL)
      series->last_samples->next = piece;
    else
      series->samples = piece;
    series->last_samples = piece;
  }
  piece->items[piece->count].value = line->value;
  piece->items[piece->count].weight = line->weight;
  piece->items[piece->count++].time_ns = now_ns;
  series->sample_count++;
  t->sample_count++;
  return true;
}

static uint64_t times_of(double weight) {
  return weight >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)weight;
}

static void add_explicit(ncl_statsd_explicit *e, double value, uint64_t times) {
  uint32_t i = 0;
  if (e->count == 0 || value < e->min) e->min = value;
  if (e->count == 0 || value > e->max) e->max = value;
  e->count += times;
  e->sum += value * (double)times;
  while (i < e->buckets->count && value > e->buckets->bounds[i])
    i++;
  e->counts[i] += times;
}

static const char *aggregate(ncl_statsd_table *t, ncl_statsd_series *series, const ncl_statsd_line *line, bool is_new,
                             int64_t now_ns) {
  if (line->type == NCL_STATSD_COUNTER) {
    count_in(t, series, line, is_new);
  } else if (line->type == NCL_STATSD_GAUGE) {
    set_gauge(series, line, is_new, now_ns);
  } else if (series->exponential != NULL) {
    ncl_exponential_add(series->exponential, line->value, times_of(line->weight));
  } else if (series->explicit_buckets != NULL) {
    add_explicit(series->explicit_buckets, line->value, times_of(line->weight));
  } else if (t->sample_count >= (uint64_t)t->rules->max_series * SAMPLES_PER_SERIES) {
    return "series_limit";
  } else if (!add_sample(t, series, line, now_ns)) {
    return "memory";
  }
  return NULL;
}

const char *ncl_statsd_add(ncl_statsd_table *t, const ncl_statsd_line *line, ncl_str peer, int64_t now_ns) {
  const ncl_statsd_observer *observer = observer_of(t->rules, line->type);
  ncl_str key, sender_id = sender_key(t->rules, peer);
  if (observer != NULL && observer->as == NCL_STATSD_DISABLED) return "disabled";
  if (!build_key(t, line, sender_id, &key)) return "memory";
  uint64_t hash = hash_of(key.ptr, key.len, t->seed);
  ncl_statsd_series *series = find(t, hash, key);
  bool is_new = series == NULL;
  if (is_new) {
    if (t->series_count >= t->rules->max_series) return "series_limit";
    ncl_statsd_sender *sender = sender_of(t, sender_id, peer);
    if (sender == NULL) return "memory";
    series = new_series(t, sender, line, hash, key);
    if (series == NULL) return "memory";
  }
  return aggregate(t, series, line, is_new, now_ns);
}
