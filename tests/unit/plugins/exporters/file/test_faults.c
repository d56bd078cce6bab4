/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/exporters/file: every system call fails in turn, with an error or half way: no record that was acknowledged
 * is lost, none is there twice, and none is torn. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The call that fails, counted from 1; 0 = none. */
static int calls, failing;
/* A write that fails has written half of it; otherwise nothing. */
static int torn;

static int fails(void) {
  if (++calls != failing) return 0;
  errno = EIO;
  return 1;
}

static ssize_t faulty_write(int fd, const void *bytes, size_t len) {
  static int rest; /* a half that was written is followed by the error */
  if (rest) {
    rest = 0;
    errno = EIO;
    return -1;
  }
  if (!fails()) return write(fd, bytes, len);
  if (!torn) return -1;
  rest = 1;
  return write(fd, bytes, len / 2);
}

static ssize_t faulty_pread(int fd, void *bytes, size_t len, off_t at) {
  return fails() ? -1 : pread(fd, bytes, len, at);
}

static int faulty_open(const char *path, int flags, mode_t mode) {
  return fails() ? -1 : open(path, flags, mode);
}

static int faulty_fstat(int fd, struct stat *file) {
  return fails() ? -1 : fstat(fd, file);
}

static int faulty_ftruncate(int fd, off_t size) {
  return fails() ? -1 : ftruncate(fd, size);
}

/* The descriptor is gone all the same, as Linux does. */
static int faulty_close(int fd) {
  int result = close(fd);
  return fails() ? -1 : result;
}

static int faulty_renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
  return fails() ? -1 : renameat2(a, from, b, to, flags);
}

static int faulty_unlinkat(int dir, const char *name, int flags) {
  return fails() ? -1 : unlinkat(dir, name, flags);
}

#define write faulty_write
#define pread faulty_pread
#define open faulty_open
#define fstat faulty_fstat
#define ftruncate faulty_ftruncate
#define close faulty_close
#define renameat2 faulty_renameat2
#define unlinkat faulty_unlinkat
#include "plugins/exporters/file/disk.c"
#undef HEAD
#include "plugins/exporters/file/rotate.c"
#undef write
#undef pread
#undef open
#undef fstat
#undef ftruncate
#undef close
#undef renameat2
#undef unlinkat

#define RECORDS 9

static char folder[64];

static int is_file(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}

/* Reads all files, from the oldest to "out", and empties the folder. Returns a bit for each record that was found; no
 * record may come twice, out of order, or in part. */
static uint32_t read_all(int lines) {
  struct dirent **entries;
  uint32_t found = 0;
  int last = -1;
  int n = scandir(folder, &entries, is_file, alphasort);
  assert_true(n >= 0);
  /* "out" is the newest, and the first by name. */
  for (int i = 1; i <= n; i++) {
    struct dirent *entry = entries[i % n];
    char path[400], bytes[65536];
    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
    FILE *in = fopen(path, "rb");
    size_t len = fread(bytes, 1, sizeof(bytes), in), at = 0;
    fclose(in);
    unlink(path);
    free(entry);
    while (at < len) {
      int number;
      if (lines) {
        char *end = memchr(bytes + at, '\n', len - at);
        assert_non_null(end);
        size_t size = (size_t)(end - bytes) - at;
        assert_true(size == 99);
        number = bytes[at] - 'a';
        for (size_t k = 0; k < size; k++)
          assert_int_equal(bytes[at + k], 'a' + number);
        at += size + 1;
      } else {
        assert_true(len - at >= 100);
        assert_memory_equal(bytes + at, "\0\0\0\x60", 4);
        number = bytes[at + 4] - 'a';
        for (size_t k = 4; k < 100; k++)
          assert_int_equal(bytes[at + k], 'a' + number);
        at += 100;
      }
      assert_true(number > last && number < RECORDS);
      last = number;
      found |= 1u << number;
    }
  }
  free(entries);
  return found;
}

/* Writes the records, of 100 bytes, while one call fails. Returns a bit for each that was acknowledged. */
static uint32_t write_all_records(ncl_file_disk *disk, int lines) {
  uint32_t taken = 0;
  int64_t now = INT64_C(1800000000000000000);
  if (ncl_file_open(disk, now) != NCL_OK) {
    assert_int_equal(disk->fd, -1);
    assert_true(strlen(disk->reason) > 0);
    return 0;
  }
  for (int i = 0; i < RECORDS; i++) {
    uint8_t record[100];
    memset(record, 'a' + i, sizeof(record));
    if (lines) {
      record[99] = '\n';
    } else {
      memcpy(record, "\0\0\0\x60", 4);
    }
    now += INT64_C(1000000000);
    if (ncl_file_write(disk, record, sizeof(record), now) == NCL_OK) taken |= 1u << i;
    if (i == 4) (void)ncl_file_reopen(disk, now);
  }
  (void)ncl_file_close(disk);
  return taken;
}

static void each_call(int lines, off_t max_bytes) {
  snprintf(folder, sizeof(folder), "/tmp/nacelle-fault-XXXXXX");
  assert_non_null(mkdtemp(folder));
  char path[128];
  snprintf(path, sizeof(path), "%s/out", folder);
  for (torn = 0; torn < 2; torn++) {
    for (failing = 1;; failing++) {
      ncl_file_disk disk = {.path = path, .lines = (uint32_t)lines, .fd = -1, .append = 1};
      disk.rotation = (ncl_file_rotation){.max_bytes = max_bytes, .max_backups = 100, .max_days = 100};
      calls = 0;
      uint32_t taken = write_all_records(&disk, lines);
      bool reached = calls >= failing;
      assert_int_equal(read_all(lines), taken);
      /* At most one record suffers from one fault. */
      if (taken != 0) assert_true(__builtin_popcount(taken) >= RECORDS - 1);
      if (!reached) {
        assert_int_equal(taken, (1u << RECORDS) - 1);
        break;
      }
    }
    assert_true(failing > 15);
  }
}

static int remove_folder(void **state) {
  struct dirent **entries;
  int n = scandir(folder, &entries, is_file, alphasort);
  (void)state;
  for (int i = 0; i < n; i++) {
    char path[400];
    snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
    unlink(path);
    free(entries[i]);
  }
  if (n >= 0) free(entries);
  return rmdir(folder);
}

static void lines_survive_each_fault(void **state) {
  (void)state;
  each_call(1, 0);
}

static void records_survive_each_fault(void **state) {
  (void)state;
  each_call(0, 0);
}

static void lines_survive_each_fault_of_rotation(void **state) {
  (void)state;
  each_call(1, 250);
}

static void records_survive_each_fault_of_rotation(void **state) {
  (void)state;
  each_call(0, 250);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(lines_survive_each_fault, remove_folder),
      cmocka_unit_test_teardown(records_survive_each_fault, remove_folder),
      cmocka_unit_test_teardown(lines_survive_each_fault_of_rotation, remove_folder),
      cmocka_unit_test_teardown(records_survive_each_fault_of_rotation, remove_folder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
