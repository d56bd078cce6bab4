/* SPDX-License-Identifier: Apache-2.0 */
/* core/plugin/registry.h: what is refused, and in what words. Files are made from the plugin nop of this build. */
#include "core/plugin/registry.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/plugin/handshake.h"

#define ROOM "/exporters"

typedef struct place {
  char dir[64];
  char why[512];
} place;

static void open_place(place *p) {
  (void)snprintf(p->dir, sizeof p->dir, "/tmp/nacelle-registry-XXXXXX");
  assert_non_null(mkdtemp(p->dir));
  char room[128];
  (void)snprintf(room, sizeof room, "%s" ROOM, p->dir);
  assert_int_equal(mkdir(room, 0700), 0);
}

static void path_of(const place *p, const char *name, char path[160]) {
  (void)snprintf(path, 160, "%s" ROOM "/%s.so", p->dir, name);
}

static void close_place(const place *p, const char *const *names, size_t count) {
  char path[160];
  for (size_t i = 0; i < count; i++) {
    path_of(p, names[i], path);
    (void)unlink(path);
  }
  (void)snprintf(path, sizeof path, "%s" ROOM, p->dir);
  (void)rmdir(path);
  (void)rmdir(p->dir);
}

/* Copies nop.so, cut at `len` bytes (0 = whole), with byte `at` set to `value` (at == 0: unchanged). */
static void write_plugin(const place *p, const char *name, size_t len, size_t at, unsigned char value) {
  static unsigned char bytes[4 << 20];
  FILE *in = fopen(NCL_BUILD_DIR "/lib/nacelle" ROOM "/nop.so", "rb");
  assert_non_null(in);
  size_t size = fread(bytes, 1, sizeof bytes, in);
  (void)fclose(in);
  if (at > 0) bytes[at] = value;
  char path[160];
  path_of(p, name, path);
  FILE *out = fopen(path, "wb");
  assert_non_null(out);
  assert_int_equal(fwrite(bytes, 1, len == 0 ? size : len, out), len == 0 ? size : len);
  assert_int_equal(fclose(out), 0);
}

static const ncl_type *find(place *p, const char *dir, const char *type) {
  const char *dirs[] = {dir};
  ncl_registry *registry = ncl_registry_new(dirs, 1);
  assert_non_null(registry);
  p->why[0] = '\0';
  const ncl_type *found =
      ncl_registry_find(registry, NCL_KIND_EXPORTER, ncl_str_of(type, strlen(type)), p->why, sizeof p->why);
  ncl_registry_free(registry, true);
  return found; /* dangling: good for a comparison with NULL alone */
}

#define SAYS(p, part)                                                     \
  do {                                                                    \
    if (strstr((p)->why, (part)) == NULL) fail_msg("said: %s", (p)->why); \
    assert_null(strchr((p)->why, '\n'));                                  \
  } while (0)

static void finds_what_is_there(void **state) {
  (void)state;
  place p;
  assert_non_null(find(&p, NCL_BUILD_DIR "/lib/nacelle", "nop"));
}

static void names_the_file_that_is_missing(void **state) {
  (void)state;
  place p;
  assert_null(find(&p, "/nowhere", "acme"));
  SAYS(&p, "exporter \"acme\" is not installed");
  SAYS(&p, "exporters/acme.so");
  SAYS(&p, "/nowhere");
}

static void refuses_files_that_are_cut_short(void **state) {
  (void)state;
  place p;
  open_place(&p);
  const size_t lengths[] = {1, 63, 64, 100, 1000, 5000};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    write_plugin(&p, "nop", lengths[i], 0, 0);
    assert_null(find(&p, p.dir, "nop"));
    SAYS(&p, "cut short");
    SAYS(&p, "need");
    SAYS(&p, "/nop.so: ");
  }
  close_place(&p, (const char *const[]){"nop"}, 1);
}

static void refuses_other_architectures_and_other_files(void **state) {
  (void)state;
  place p;
  open_place(&p);
  write_plugin(&p, "nop", 0, 18, 40); /* e_machine: 32-bit arm */
  assert_null(find(&p, p.dir, "nop"));
  SAYS(&p, "built for 32-bit arm");
  write_plugin(&p, "nop", 0, 4, 1); /* EI_CLASS: 32 bits */
  assert_null(find(&p, p.dir, "nop"));
  SAYS(&p, "is needed");
  write_plugin(&p, "nop", 0, 1, 'X'); /* no ELF magic */
  assert_null(find(&p, p.dir, "nop"));
  SAYS(&p, "not an ELF file");
  close_place(&p, (const char *const[]){"nop"}, 1);
}

static void refuses_a_file_under_a_name_that_it_does_not_have(void **state) {
  (void)state;
  place p;
  open_place(&p);
  write_plugin(&p, "acme", 0, 0, 0);
  assert_null(find(&p, p.dir, "acme"));
  SAYS(&p, "has no exporter acme");
  SAYS(&p, "exporter nop");
  close_place(&p, (const char *const[]){"acme"}, 1);
}

static void a_type_is_no_path(void **state) {
  (void)state;
  place p;
  assert_null(find(&p, NCL_BUILD_DIR "/lib/nacelle", "../exporters/nop"));
  SAYS(&p, "cannot be the type");
}

/* ---- the handshake, without files ----------------------------------------------------------------- */

static ncl_status create_slot(const ncl_create *create, void **self) {
  (void)create, (void)self;
  return NCL_OK;
}
static ncl_status send_slot(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  (void)self, (void)item, (void)token, (void)deadline_ns, (void)outcome;
  return NCL_OK;
}
static void destroy_slot(void *self) {
  (void)self;
}

static ncl_methods methods;
static ncl_field fields[1];
static ncl_component_type components[2];
static ncl_plugin plugin;

static const ncl_plugin *symbol(void) {
  return &plugin;
}

static void make_good(void) {
  methods =
      (ncl_methods){.struct_size = sizeof methods, .create = create_slot, .send = send_slot, .destroy = destroy_slot};
  fields[0] = (ncl_field){.name = NCL_STR("endpoint"), .type = NCL_TYPE_STRING};
  components[0] = (ncl_component_type){
      .type = NCL_STR("acme"), .kind = NCL_KIND_EXPORTER, .fields = NCL_ARRAY(fields), .methods = &methods};
  components[1] = components[0];
  components[1].type = (ncl_str)NCL_STR("acme2");
  plugin = (ncl_plugin){.magic = NCL_PLUGIN_MAGIC,
                        .struct_size = sizeof plugin,
                        .abi_major = NCL_ABI_MAJOR,
                        .abi_minor_built = NCL_ABI_MINOR,
                        .components = NCL_ARRAY(components)};
}

static bool shake(place *p, ncl_plugin_fn fn) {
  ncl_type type;
  p->why[0] = '\0';
  return ncl_handshake(fn, NCL_KIND_EXPORTER, (ncl_str)NCL_STR("acme"), &type, p->why, sizeof p->why);
}

static void takes_a_plugin_that_keeps_the_rules(void **state) {
  (void)state;
  place p;
  make_good();
  assert_true(shake(&p, symbol));
}

static void refuses_what_breaks_the_rules(void **state) {
  (void)state;
  place p;
  make_good();
  assert_false(shake(&p, NULL));
  SAYS(&p, "no symbol ncl_plugin_v1");
  plugin.magic = 7;
  assert_false(shake(&p, symbol));
  SAYS(&p, "0x00000007");
  make_good();
  plugin.struct_size = 8;
  assert_false(shake(&p, symbol));
  SAYS(&p, "struct_size 8");
  make_good();
  plugin.abi_major = 2;
  assert_false(shake(&p, symbol));
  SAYS(&p, "ABI major 2, this program has major 1");
  make_good();
  plugin.abi_minor_needed = NCL_ABI_MINOR + 1;
  assert_false(shake(&p, symbol));
  SAYS(&p, "a newer Nacelle is needed");
  make_good();
  plugin.components.stride = 16;
  assert_false(shake(&p, symbol));
  SAYS(&p, "components of 16 bytes");
  make_good();
  plugin.components.count = 0;
  assert_false(shake(&p, symbol));
  make_good();
  components[1].type = (ncl_str)NCL_STR("acme");
  assert_false(shake(&p, symbol));
  SAYS(&p, "exporter acme twice");
  make_good();
  components[0].type = (ncl_str)NCL_STR("1acme");
  assert_false(shake(&p, symbol));
  SAYS(&p, "1acme");
  make_good();
  components[0].kind = 99;
  assert_false(shake(&p, symbol));
  SAYS(&p, "unknown kind 99");
  make_good();
  methods.struct_size = 16;
  assert_false(shake(&p, symbol));
  SAYS(&p, "methods of acme are 16 bytes");
  make_good();
  methods.send = NULL;
  assert_false(shake(&p, symbol));
  SAYS(&p, "no slot `send`");
  make_good();
  fields[0].type = 99;
  assert_false(shake(&p, symbol));
  SAYS(&p, "unknown type 99");
}

static void slots_that_are_left_out_answer_unsupported(void **state) {
  (void)state;
  ncl_type type;
  char why[64];
  make_good();
  assert_true(ncl_handshake(symbol, NCL_KIND_EXPORTER, (ncl_str)NCL_STR("acme2"), &type, why, sizeof why));
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  assert_int_equal(type.methods.consume(NULL, NULL, &outcome), NCL_UNSUPPORTED);
  assert_int_equal(type.methods.start(NULL, 0, &outcome), NCL_OK);
  assert_null(type.methods.publish(NULL, (ncl_str)NCL_STR("x/1")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_what_is_there),
      cmocka_unit_test(names_the_file_that_is_missing),
      cmocka_unit_test(refuses_files_that_are_cut_short),
      cmocka_unit_test(refuses_other_architectures_and_other_files),
      cmocka_unit_test(refuses_a_file_under_a_name_that_it_does_not_have),
      cmocka_unit_test(a_type_is_no_path),
      cmocka_unit_test(takes_a_plugin_that_keeps_the_rules),
      cmocka_unit_test(refuses_what_breaks_the_rules),
      cmocka_unit_test(slots_that_are_left_out_answer_unsupported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
