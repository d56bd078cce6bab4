/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/plugins/exporters/file/file_test.h: a directory of its own for each test, and what lies in its files. */
#ifndef NACELLE_TESTS_FILE_TEST_H
#define NACELLE_TESTS_FILE_TEST_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../plugin_test.h"

/* A test with its directory. */
typedef struct bench {
  char dir[32];
  char path[64];    /* <dir>/out */
  char config[512]; /* of the last bench_open */
  ncl_test *t;
} bench;

static inline int bench_unlink(const char *path, const struct stat *file, int type, struct FTW *where) {
  (void)file, (void)type, (void)where;
  return remove(path);
}

#define BENCHES 64
static char bench_dirs[BENCHES][32];
static size_t bench_count;

/* A test that fails leaves its directory behind: at the end of the program it goes, too. */
static inline void bench_sweep(void) {
  for (size_t i = 0; i < bench_count; i++)
    (void)nftw(bench_dirs[i], bench_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void bench_begin(bench *b) {
  memset(b, 0, sizeof *b);
  (void)snprintf(b->dir, sizeof b->dir, "/tmp/nacelle-file-XXXXXX");
  assert_non_null(mkdtemp(b->dir));
  (void)snprintf(b->path, sizeof b->path, "%s/out", b->dir);
  assert_true(bench_count < BENCHES);
  if (bench_count == 0) assert_int_equal(atexit(bench_sweep), 0);
  (void)snprintf(bench_dirs[bench_count++], sizeof bench_dirs[0], "%s", b->dir);
}

static inline void bench_end(bench *b) {
  assert_int_equal(nftw(b->dir, bench_unlink, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* Options with `path` and further keys. */
static inline ncl_test_options bench_options(bench *b, const char *keys) {
  (void)snprintf(b->config, sizeof b->config, "path: %s\n%s", b->path, keys);
  ncl_test_options options = {.plugin = PLUGIN("exporters", "file"), .config = b->config};
  return options;
}

static inline void bench_open(bench *b, const char *keys) {
  ncl_test_options options = bench_options(b, keys);
  b->t = open_started(&options);
}

static inline void bench_close(bench *b) {
  assert_int_equal(ncl_test_end(b->t, 10 * S), 1);
  assert_int_equal(ncl_test_close(b->t), 0);
  b->t = NULL;
}

static inline const ncl_test_answer *bench_give(bench *b, uint32_t signal, uint32_t items) {
  return ncl_test_consume(b->t, ncl_test_batch(b->t, signal, items, "service.name=a"), NULL);
}

/* All bytes of a file, with a NUL behind them; to be freed. */
static inline char *bench_read(const char *path, size_t *len) {
  FILE *in = fopen(path, "rb");
  assert_non_null(in);
  assert_int_equal(fseek(in, 0, SEEK_END), 0);
  long size = ftell(in);
  rewind(in);
  char *bytes = calloc(1, (size_t)size + 1);
  assert_non_null(bytes);
  assert_int_equal(fread(bytes, 1, (size_t)size, in), (size_t)size);
  (void)fclose(in);
  *len = (size_t)size;
  return bytes;
}

static inline void bench_write(const char *path, const char *bytes, size_t len) {
  FILE *out = fopen(path, "wb");
  assert_non_null(out);
  assert_int_equal(fwrite(bytes, 1, len, out), len);
  assert_int_equal(fclose(out), 0);
}

/* Records behind their lengths; asserts that nothing else is in the file. Returns how many; `each` may be NULL. */
static inline uint32_t bench_records(const char *path, void (*each)(void *arg, ncl_range record), void *arg) {
  size_t len;
  char *bytes = bench_read(path, &len);
  const uint8_t *at = (const uint8_t *)bytes;
  uint32_t count = 0;
  while (len > 0) {
    assert_true(len >= 4);
    size_t size = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
    assert_true(size <= len - 4);
    if (each != NULL) each(arg, (ncl_range){at + 4, size});
    at += 4 + size;
    len -= 4 + size;
    count++;
  }
  free(bytes);
  return count;
}

/* Lines; asserts that the last one has its end. */
static inline uint32_t bench_lines(const char *path) {
  size_t len;
  char *bytes = bench_read(path, &len);
  uint32_t count = 0;
  for (size_t i = 0; i < len; i++)
    count += bytes[i] == '\n';
  if (len > 0) assert_int_equal(bytes[len - 1], '\n');
  free(bytes);
  return count;
}

#endif
