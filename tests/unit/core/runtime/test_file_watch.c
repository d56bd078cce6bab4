/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/file_watch.h: real files, all the ways in which they are changed. */
#include "core/runtime/file_watch.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define QUIET INT64_C(1000000000)

typedef struct place {
  ncl_clock *clock;
  ncl_loop *loop;
  ncl_file_watch *watch;
  char dir[64];
  uint32_t changes;
} place;

static void on_change(void *arg) {
  ((place *)arg)->changes++;
}

static const char *in(const place *p, const char *name) {
  static char path[4][PATH_MAX];
  static unsigned next;
  char *out = path[next++ % 4];
  (void)snprintf(out, PATH_MAX, "%s/%s", p->dir, name);
  return out;
}

static void write_file(const place *p, const char *name, const char *text) {
  FILE *f = fopen(in(p, name), "we");
  assert_non_null(f);
  (void)fputs(text, f);
  (void)fclose(f);
}

static void make_dir(const place *p, const char *name) {
  assert_int_equal(mkdir(in(p, name), 0700), 0);
}

/* As `ln -sfn` in one step: a new link is renamed into the place of the old one. */
static void swap_link(const place *p, const char *target, const char *name) {
  const char *fresh = in(p, "fresh");
  assert_int_equal(symlink(target, fresh), 0);
  assert_int_equal(rename(fresh, in(p, name)), 0);
}

static void open_place(place *p) {
  memset(p, 0, sizeof *p);
  p->clock = ncl_clock_new(1000000000, 1000000000);
  p->loop = ncl_loop_new_on(p->clock);
  (void)snprintf(p->dir, sizeof p->dir, "/tmp/nacelle-watch-XXXXXX");
  assert_non_null(mkdtemp(p->dir));
  p->watch = ncl_file_watch_open(p->loop, QUIET, on_change, p);
  assert_non_null(p->watch);
}

static void watch(place *p, const char *name) {
  const ncl_watched_file files[] = {{in(p, name), ncl_file_look(in(p, name))}};
  assert_true(ncl_file_watch_set(p->watch, files, 1));
}

static void close_place(place *p) {
  char command[128];
  ncl_file_watch_close(p->watch);
  assert_int_equal(ncl_loop_open_handles(p->loop), 0);
  ncl_loop_free(p->loop);
  ncl_clock_free(p->clock);
  (void)snprintf(command, sizeof command, "rm -rf '%s'", p->dir);
  assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
}

static void turn(place *p) {
  while (ncl_loop_turn(p->loop, false) > 0)
    continue;
}

/* What is seen once things are quiet. */
static uint32_t changes(place *p) {
  uint32_t before = p->changes;
  turn(p);
  assert_int_equal(p->changes, before); /* not at once */
  ncl_clock_advance(p->clock, QUIET);
  turn(p);
  return p->changes - before;
}

static void sees_what_is_written(void **state) {
  (void)state;
  place p;
  open_place(&p);
  write_file(&p, "a", "1");
  watch(&p, "a");
  assert_int_equal(changes(&p), 0);
  for (int i = 0; i < 3; i++) {
    write_file(&p, "a", i % 2 == 0 ? "22" : "333");
    assert_int_equal(changes(&p), 1);
    assert_int_equal(changes(&p), 0);
  }
  close_place(&p);
}

static void sees_a_file_that_is_renamed_into_place(void **state) {
  (void)state;
  place p;
  open_place(&p);
  write_file(&p, "a", "1");
  watch(&p, "a");
  for (int i = 0; i < 3; i++) {
    write_file(&p, "new", "1"); /* of the same size */
    assert_int_equal(rename(in(&p, "new"), in(&p, "a")), 0);
    assert_int_equal(changes(&p), 1);
  }
  close_place(&p);
}

static void several_changes_in_a_row_are_one(void **state) {
  (void)state;
  place p;
  open_place(&p);
  write_file(&p, "a", "1");
  watch(&p, "a");
  for (int i = 0; i < 5; i++) {
    write_file(&p, "a", i % 2 == 0 ? "22" : "333");
    turn(&p);
    ncl_clock_advance(p.clock, QUIET / 2);
    turn(&p);
    assert_int_equal(p.changes, 0);
  }
  ncl_clock_advance(p.clock, QUIET / 2);
  turn(&p);
  assert_int_equal(p.changes, 1);
  close_place(&p);
}

static void a_directory_that_never_rests_does_not_hold_it_back_for_ever(void **state) {
  (void)state;
  place p;
  open_place(&p);
  write_file(&p, "a", "1");
  watch(&p, "a");
  write_file(&p, "a", "22");
  for (int i = 0; i < 25 && p.changes == 0; i++) {
    write_file(&p, "noise", "x");
    turn(&p);
    ncl_clock_advance(p.clock, QUIET / 2);
    turn(&p);
  }
  assert_int_equal(p.changes, 1);
  close_place(&p);
}

static void others_in_the_directory_change_nothing(void **state) {
  (void)state;
  place p;
  open_place(&p);
  write_file(&p, "a", "1");
  watch(&p, "a");
  write_file(&p, "b", "1");
  make_dir(&p, "c");
  assert_int_equal(unlink(in(&p, "b")), 0);
  assert_int_equal(changes(&p), 0);
  close_place(&p);
}

static void a_file_that_is_gone_is_seen_when_it_comes_back(void **state) {
  (void)state;
  place p;
  open_place(&p);
  write_file(&p, "a", "1");
  watch(&p, "a");
  assert_int_equal(unlink(in(&p, "a")), 0);
  assert_int_equal(changes(&p), 0); /* there is nothing that could be read */
  write_file(&p, "a", "1");
  assert_int_equal(changes(&p), 1);
  close_place(&p);
}

/* /etc/config/a.yaml -> ..data/a.yaml, ..data -> ..2026_1: a new directory is made, then ..data is exchanged. */
static void sees_what_kubernetes_does(void **state) {
  (void)state;
  place p;
  open_place(&p);
  make_dir(&p, "..2026_1");
  write_file(&p, "..2026_1/a.yaml", "1");
  assert_int_equal(symlink("..2026_1", in(&p, "..data")), 0);
  assert_int_equal(symlink("..data/a.yaml", in(&p, "a.yaml")), 0);
  watch(&p, "a.yaml");
  for (int i = 2; i < 5; i++) {
    char before[32];
    char dir[32];
    char name[64];
    (void)snprintf(before, sizeof before, "..2026_%d", i - 1);
    (void)snprintf(dir, sizeof dir, "..2026_%d", i);
    (void)snprintf(name, sizeof name, "%s/a.yaml", dir);
    make_dir(&p, dir);
    write_file(&p, name, "1");
    swap_link(&p, dir, "..data");
    (void)snprintf(name, sizeof name, "%s/a.yaml", before);
    assert_int_equal(unlink(in(&p, name)), 0);
    assert_int_equal(rmdir(in(&p, before)), 0);
    assert_int_equal(changes(&p), 1);
  }
  close_place(&p);
}

static void sees_the_target_of_links_over_several_directories(void **state) {
  (void)state;
  place p;
  char target[PATH_MAX];
  open_place(&p);
  make_dir(&p, "etc");
  make_dir(&p, "v1");
  make_dir(&p, "v2");
  write_file(&p, "v1/a", "1");
  write_file(&p, "v2/a", "1");
  assert_int_equal(symlink("v1", in(&p, "current")), 0);
  (void)snprintf(target, sizeof target, "%s/current/../current/./a", p.dir); /* absolute */
  assert_int_equal(symlink(target, in(&p, "etc/a")), 0);
  watch(&p, "etc/a");
  write_file(&p, "v1/a", "22");
  assert_int_equal(changes(&p), 1);
  swap_link(&p, "v2", "current");
  assert_int_equal(changes(&p), 1);
  write_file(&p, "v1/a", "333"); /* nothing leads there any more */
  assert_int_equal(changes(&p), 0);
  write_file(&p, "v2/a", "22");
  assert_int_equal(changes(&p), 1);
  swap_link(&p, "../v1/a", "etc/a");
  assert_int_equal(changes(&p), 1);
  close_place(&p);
}

static void a_directory_may_come_later(void **state) {
  (void)state;
  place p;
  open_place(&p);
  watch(&p, "not/yet/a");
  make_dir(&p, "not");
  assert_int_equal(changes(&p), 0);
  make_dir(&p, "not/yet");
  write_file(&p, "not/yet/a", "1");
  assert_int_equal(changes(&p), 1);
  close_place(&p);
}

static void links_in_a_circle_end(void **state) {
  (void)state;
  place p;
  open_place(&p);
  assert_int_equal(symlink("b", in(&p, "a")), 0);
  assert_int_equal(symlink("a", in(&p, "b")), 0);
  watch(&p, "a");
  assert_int_equal(changes(&p), 0);
  write_file(&p, "new", "1");
  assert_int_equal(rename(in(&p, "new"), in(&p, "b")), 0);
  assert_int_equal(changes(&p), 1);
  close_place(&p);
}

static void another_set_takes_the_place_of_the_first(void **state) {
  (void)state;
  place p;
  open_place(&p);
  make_dir(&p, "x");
  write_file(&p, "x/a", "1");
  write_file(&p, "b", "1");
  watch(&p, "x/a");
  watch(&p, "b");
  write_file(&p, "x/a", "22");
  assert_int_equal(changes(&p), 0);
  write_file(&p, "b", "22");
  assert_int_equal(changes(&p), 1);
  ncl_watched_file many[NCL_FILE_WATCH_FILES + 1];
  for (size_t i = 0; i < NCL_FILE_WATCH_FILES + 1; i++)
    many[i] = (ncl_watched_file){in(&p, "b"), ncl_file_look(in(&p, "b"))};
  assert_false(ncl_file_watch_set(p.watch, many, NCL_FILE_WATCH_FILES + 1));
  close_place(&p);
}

static void a_change_before_anybody_watched_is_not_lost(void **state) {
  (void)state;
  place p;
  open_place(&p);
  write_file(&p, "a", "1");
  const ncl_watched_file files[] = {{in(&p, "a"), ncl_file_look(in(&p, "a"))}};
  write_file(&p, "a", "22");
  assert_true(ncl_file_watch_set(p.watch, files, 1));
  assert_int_equal(changes(&p), 1);
  assert_int_equal(changes(&p), 0);
  close_place(&p);
}

static void a_relative_name_counts_from_the_working_directory(void **state) {
  (void)state;
  place p;
  char before[PATH_MAX];
  open_place(&p);
  assert_non_null(getcwd(before, sizeof before));
  write_file(&p, "a", "1");
  assert_int_equal(chdir(p.dir), 0);
  const ncl_watched_file files[] = {{"a", ncl_file_look("a")}};
  assert_true(ncl_file_watch_set(p.watch, files, 1));
  assert_int_equal(chdir(before), 0);
  write_file(&p, "a", "22");
  assert_int_equal(changes(&p), 1);
  close_place(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sees_what_is_written),
      cmocka_unit_test(sees_a_file_that_is_renamed_into_place),
      cmocka_unit_test(several_changes_in_a_row_are_one),
      cmocka_unit_test(a_directory_that_never_rests_does_not_hold_it_back_for_ever),
      cmocka_unit_test(others_in_the_directory_change_nothing),
      cmocka_unit_test(a_file_that_is_gone_is_seen_when_it_comes_back),
      cmocka_unit_test(sees_what_kubernetes_does),
      cmocka_unit_test(sees_the_target_of_links_over_several_directories),
      cmocka_unit_test(a_directory_may_come_later),
      cmocka_unit_test(links_in_a_circle_end),
      cmocka_unit_test(another_set_takes_the_place_of_the_first),
      cmocka_unit_test(a_change_before_anybody_watched_is_not_lost),
      cmocka_unit_test(a_relative_name_counts_from_the_working_directory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
