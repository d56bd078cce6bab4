/* SPDX-License-Identifier: Apache-2.0 */
/* core/control/place.h: directories that nobody else can write, and the sockets in them. */
#include "core/control/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* A directory of the test, with one for each root. */
typedef struct roots {
  char dir[64], runtime[96], run[96], tmp[96], shm[96];
  ncl_control_roots at;
} roots;

static void make(roots *r) {
  (void)snprintf(r->dir, sizeof r->dir, "/tmp/nacelle-place-XXXXXX");
  assert_non_null(mkdtemp(r->dir));
  char *const paths[] = {r->runtime, r->run, r->tmp, r->shm};
  const char *const names[] = {"runtime", "run", "tmp", "shm"};
  for (size_t i = 0; i < 4; i++) {
    (void)snprintf(paths[i], sizeof r->run, "%s/%s", r->dir, names[i]);
    assert_int_equal(mkdir(paths[i], 0755), 0);
  }
  r->at = (ncl_control_roots){r->runtime, r->run, r->tmp, r->shm, geteuid()};
}

static void remove_all(const roots *r) {
  char command[128];
  (void)snprintf(command, sizeof command, "rm -rf '%s'", r->dir);
  assert_int_equal(system(command), 0);
}

static void socket_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
  (void)close(fd);
}

static void makes_a_directory_of_its_own_in_each_place(void **state) {
  (void)state;
  roots r;
  make(&r);
  char path[NCL_CONTROL_PATH], expected[4][160];
  (void)snprintf(expected[0], sizeof expected[0], "%s/nacelle/7.sock", r.runtime);
  (void)snprintf(expected[1], sizeof expected[1], "%s/nacelle/7.sock", r.run);
  (void)snprintf(expected[2], sizeof expected[2], "%s/nacelle-%u/7.sock", r.tmp, (unsigned)geteuid());
  (void)snprintf(expected[3], sizeof expected[3], "%s/nacelle-%u/7.sock", r.shm, (unsigned)geteuid());
  for (size_t i = 0; i < NCL_CONTROL_PLACES; i++) {
    struct stat st;
    assert_true(ncl_control_place(&r.at, i, 7, path));
    assert_string_equal(path, expected[i]);
    *strrchr(path, '/') = '\0';
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_true(ncl_control_place(&r.at, i, 7, path)); /* it is there by now */
  }
  assert_false(ncl_control_place(&r.at, NCL_CONTROL_PLACES, 7, path));
  remove_all(&r);
}

static void takes_no_directory_that_others_can_write(void **state) {
  (void)state;
  roots r;
  make(&r);
  char dir[160], path[NCL_CONTROL_PATH];
  (void)snprintf(dir, sizeof dir, "%s/nacelle-%u", r.tmp, (unsigned)geteuid());
  assert_int_equal(mkdir(dir, 0700), 0);
  assert_int_equal(chmod(dir, 0770), 0);
  assert_false(ncl_control_place(&r.at, 2, 7, path));
  assert_int_equal(chmod(dir, 0755), 0); /* RuntimeDirectory of systemd */
  assert_true(ncl_control_place(&r.at, 2, 7, path));
  assert_int_equal(rmdir(dir), 0);
  assert_int_equal(symlink(r.shm, dir), 0);
  assert_false(ncl_control_place(&r.at, 2, 7, path));
  r.at.uid = geteuid() + 1; /* then the directory is somebody else's */
  assert_false(ncl_control_place(&r.at, 3, 7, path));
  r.at.uid = geteuid();
  r.at.shm = "/nonexistent";
  assert_false(ncl_control_place(&r.at, 3, 7, path));
  r.at.runtime = NULL;
  assert_false(ncl_control_place(&r.at, 0, 7, path));
  r.at.runtime = "relative";
  assert_false(ncl_control_place(&r.at, 0, 7, path));
  static char longest[200];
  memset(longest, 'x', sizeof longest - 1);
  longest[0] = '/';
  r.at.runtime = longest;
  assert_false(ncl_control_place(&r.at, 0, 7, path));
  remove_all(&r);
}

static void finds_sockets_by_their_names(void **state) {
  (void)state;
  roots r;
  make(&r);
  static ncl_control_found found;
  char path[NCL_CONTROL_PATH], other[160];
  ncl_control_find(&r.at, &found);
  assert_int_equal(found.count, 0);
  assert_non_null(strstr(found.tried, r.tmp));
  assert_non_null(strstr(found.tried, r.run));
  for (size_t i = 2; i < NCL_CONTROL_PLACES; i++) {
    assert_true(ncl_control_place(&r.at, i, (pid_t)(100 + i), path));
    socket_at(path);
  }
  const char *const strangers[] = {"x.sock", "7.sock.old", "0.sock", "-1.sock", "12"};
  for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
    (void)snprintf(other, sizeof other, "%.*s/%s", (int)(strrchr(path, '/') - path), path, strangers[i]);
    socket_at(other);
  }
  (void)snprintf(other, sizeof other, "%.*s/8.sock", (int)(strrchr(path, '/') - path), path);
  assert_int_equal(symlink(path, other), 0); /* a link may lead anywhere */
  ncl_control_find(&r.at, &found);
  assert_int_equal(found.count, 2);
  assert_int_equal(found.pids[0] + found.pids[1], 102 + 103);
  remove_all(&r);
}

/* Root looks for processes of all users, and not into what only has such a name. */
static void root_looks_for_those_of_all_users(void **state) {
  (void)state;
  if (geteuid() != 0) skip();
  roots r;
  make(&r);
  static ncl_control_found found;
  const char *const dirs[] = {"nacelle-0", "nacelle-4317", "nacelle-7x", "nacelle-file-x", "nacelle-12"};
  for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
    char dir[160], path[200];
    (void)snprintf(dir, sizeof dir, "%s/%s", r.tmp, dirs[i]);
    assert_int_equal(mkdir(dir, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/%zu.sock", dir, 100 + i);
    socket_at(path);
    if (i == 1) assert_int_equal(chown(dir, 4317, 4317), 0); /* the last is not of user 12 */
  }
  ncl_control_find(&r.at, &found);
  assert_int_equal(found.count, 2);
  assert_int_equal(found.pids[0] + found.pids[1], 100 + 101);
  assert_null(strstr(found.tried, "file-x"));
  remove_all(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(makes_a_directory_of_its_own_in_each_place),
      cmocka_unit_test(takes_no_directory_that_others_can_write),
      cmocka_unit_test(finds_sockets_by_their_names),
      cmocka_unit_test(root_looks_for_those_of_all_users),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
