/* SPDX-License-Identifier: Apache-2.0 */
/* bench/stores/main.c: measures a store as a queue.
 *   time DIRECTORY FSYNC COUNT SIZE GROUP   puts, then deletes; prints figures as JSON
 *   endless DIRECTORY FSYNC SIZE GROUP      puts for ever and prints how many are in, after each transaction
 *   count DIRECTORY                         prints how many entries can be read */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "stores.h"

#define SIZE_MAX_BYTES ((size_t)16 << 20)

static double now_s(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_s(void) {
  struct rusage usage;
  (void)getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static uint64_t number(const char *text) {
  return strtoull(text, NULL, 10);
}

/* Bytes that do not compress, as nothing here does. */
static void *make_value(size_t size) {
  uint64_t state = 88172645463325252u;
  uint8_t *bytes = size > 0 && size <= SIZE_MAX_BYTES ? malloc(size) : NULL;
  for (size_t i = 0; bytes != NULL && i < size; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    bytes[i] = (uint8_t)state;
  }
  return bytes;
}

static uint32_t least(uint64_t a, uint64_t b) {
  return (uint32_t)(a < b ? a : b);
}

static int measure(uint64_t count, size_t size, uint64_t group) {
  void *value = make_value(size);
  bool ok = value != NULL && group > 0;
  double begin = now_s(), cpu = cpu_s();
  for (uint64_t at = 0; at < count && ok; at += group)
    ok = store_put(at + 1, least(group, count - at), value, size);
  double put_s = now_s() - begin, put_cpu_s = cpu_s() - cpu;
  begin = now_s();
  for (uint64_t at = 0; at < count && ok; at += group)
    ok = store_delete(at + 1, least(group, count - at));
  double delete_s = now_s() - begin;
  free(value);
  if (!ok) return 1;
  printf("{\"put_s\": %.6f, \"put_cpu_s\": %.6f, \"delete_s\": %.6f}\n", put_s, put_cpu_s, delete_s);
  return 0;
}

static int put_for_ever(size_t size, uint64_t group) {
  void *value = make_value(size);
  char line[32];
  for (uint64_t at = 0; value != NULL && group > 0; at += group) {
    if (!store_put(at + 1, (uint32_t)group, value, size)) break;
    int n = snprintf(line, sizeof line, "%" PRIu64 "\n", at + group);
    if (write(1, line, (size_t)n) != n) break;
  }
  free(value);
  return 1;
}

int main(int argc, char **argv) {
  int result = 2;
  if (argc < 3 || !store_open(argv[2], argc > 3 && argv[3][0] == '1')) return 2;
  if (strcmp(argv[1], "time") == 0 && argc == 7) {
    result = measure(number(argv[4]), (size_t)number(argv[5]), number(argv[6]));
  } else if (strcmp(argv[1], "endless") == 0 && argc == 6) {
    result = put_for_ever((size_t)number(argv[4]), number(argv[5]));
  } else if (strcmp(argv[1], "count") == 0) {
    printf("%" PRId64 "\n", store_count());
    result = 0;
  }
  store_close();
  return result;
}
