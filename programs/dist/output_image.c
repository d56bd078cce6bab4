/* SPDX-License-Identifier: Apache-2.0 */
/* output_image.c: an OCI image layout (image-spec v1): one layer, its config, its manifest, an index. */
#include <errno.h>
#include <limits.h>
#include <nacelle/json_write.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "programs/dist/output.h"

#define JSON_MAX ((size_t)1 << 20)

typedef struct blob {
  char digest[NCL_DIGEST_HEX];
  uint64_t size;
} blob;

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static void put_member(ncl_writer *w, const char *name, const char *value) {
  ncl_json_put_name(w, str(name));
  ncl_json_put_str(w, str(value));
}

static void put_digest(ncl_writer *w, const char *name, const char *digest) {
  char text[8 + NCL_DIGEST_HEX];
  (void)snprintf(text, sizeof text, "sha256:%s", digest);
  put_member(w, name, text);
}

static void put_descriptor(ncl_writer *w, const char *type, const blob *of) {
  put_member(w, "mediaType", type);
  put_digest(w, "digest", of->digest);
  ncl_json_put_key(w, "size");
  ncl_json_put_uint(w, of->size);
}

/* ---- the config -------------------------------------------------------------------------------------- */

static void put_time(ncl_writer *w, const char *name, int64_t created_s) {
  char text[32] = "1970-01-01T00:00:00Z";
  time_t seconds = (time_t)created_s;
  struct tm parts;
  if (gmtime_r(&seconds, &parts) != NULL) (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  put_member(w, name, text);
}

static void put_ports(const ncl_contents *contents, ncl_writer *w) {
  static const char *const own[] = {"4317/tcp", "4318/tcp", "13133/tcp"};
  static const char *const adot[] = {"4317/tcp", "55681/tcp", "2000/tcp"};
  const ncl_manifest *m = contents->manifest;
  const char *const *ports = m->layout == NCL_LAYOUT_ADOT ? adot : own;
  ncl_json_put_key(w, "ExposedPorts");
  ncl_json_open(w);
  for (unsigned i = 0; i < (m->expose_count > 0 ? m->expose_count : 3); i++) {
    ncl_json_put_name(w, str(m->expose_count > 0 ? m->expose[i] : ports[i]));
    ncl_json_literal(w, "{}");
  }
  ncl_json_close(w);
}

static void put_labels(const ncl_contents *contents, ncl_writer *w) {
  const ncl_manifest *m = contents->manifest;
  ncl_json_put_key(w, "Labels");
  ncl_json_open(w);
  put_member(w, "org.opencontainers.image.title", m->name);
  put_member(w, "org.opencontainers.image.version", ncl_contents_version(contents));
  for (unsigned i = 0; i < m->labels_count; i++)
    put_member(w, m->labels[i].name, m->labels[i].value);
  ncl_json_close(w);
}

static void put_run(const ncl_contents *contents, ncl_writer *w) {
  bool is_adot = contents->manifest->layout == NCL_LAYOUT_ADOT;
  const char *config = ncl_contents_config(contents);
  char option[PATH_MAX];
  ncl_json_put_key(w, "config");
  ncl_json_open(w);
  put_member(w, "User", ncl_contents_user(contents));
  put_ports(contents, w);
  /* What is mounted there without a content of its own gets the directory's mode: so ECS does it, too. */
  ncl_json_put_key(w, "Volumes");
  ncl_json_literal(w, "{\"/" NCL_IMAGE_VOLUME "\":{}}");
  ncl_json_put_key(w, "Env");
  ncl_json_literal(w, "[\"PATH=/usr/bin:/bin\"]");
  ncl_json_put_key(w, "Entrypoint");
  ncl_json_literal(w, "[");
  ncl_json_put_str(w, str(is_adot ? "/awscollector" : "/nacelle"));
  ncl_json_literal(w, "]");
  if (config != NULL) {
    (void)snprintf(option, sizeof option, "--config=/%s", config);
    ncl_json_put_key(w, "Cmd");
    ncl_json_literal(w, "[");
    ncl_json_put_str(w, str(option));
    ncl_json_literal(w, "]");
  }
  /* Docker's addition to the format: others pass over it. */
  ncl_json_put_key(w, "Healthcheck");
  ncl_json_literal(w, "{\"Test\":[\"CMD\",\"/healthcheck\"],\"Interval\":30000000000,\"Timeout\":5000000000}");
  put_labels(contents, w);
  ncl_json_close(w);
}

static void put_config(const ncl_contents *contents, const char *plain, int64_t created_s, ncl_writer *w) {
  ncl_json_open(w);
  put_time(w, "created", created_s);
  put_member(w, "architecture", ncl_contents_architecture(contents));
  put_member(w, "os", "linux");
  put_run(contents, w);
  ncl_json_literal(w, ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:");
  ncl_write_raw(w, plain, strlen(plain));
  ncl_json_literal(w, "\"]},\"history\":[{");
  put_time(w, "created", created_s);
  put_member(w, "created_by", "nacelle dist build");
  ncl_json_literal(w, "}]}");
}

/* ---- blobs ------------------------------------------------------------------------------------------- */

static bool put_blob(const char *folder, const ncl_writer *w, blob *out, ncl_problem *problem) {
  char path[PATH_MAX];
  if (w->status != NCL_OK) return ncl_problem_set(problem, "no memory for the image's JSON");
  if (!ncl_digest_bytes(w->base, w->len, out->digest, problem)) return false;
  out->size = w->len;
  (void)snprintf(path, sizeof path, "%s/blobs/sha256/%s", folder, out->digest);
  return ncl_output_text(path, w->base, w->len, problem);
}

static bool put_layer(const ncl_tree *tree, const char *folder, int64_t created_s, blob *layer,
                      char plain[NCL_DIGEST_HEX], ncl_problem *problem) {
  char path[PATH_MAX], named[PATH_MAX];
  (void)snprintf(path, sizeof path, "%s/layer.tar.gz", folder);
  if (!ncl_output_archive(tree, path, "", created_s, plain, problem)) return false;
  if (!ncl_digest_file(path, layer->digest, &layer->size, problem)) return false;
  (void)snprintf(named, sizeof named, "%s/blobs/sha256/%s", folder, layer->digest);
  return rename(path, named) == 0 || ncl_problem_set(problem, "%.800s: %s", named, strerror(errno));
}

static void put_manifest(const blob *config, const blob *layer, ncl_writer *w) {
  ncl_json_literal(w, "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{");
  put_descriptor(w, "application/vnd.oci.image.config.v1+json", config);
  ncl_json_literal(w, "},\"layers\":[{");
  put_descriptor(w, "application/vnd.oci.image.layer.v1.tar+gzip", layer);
  ncl_json_literal(w, "}]}");
}

static void put_index(const ncl_contents *contents, const blob *manifest, ncl_writer *w) {
  ncl_json_literal(w,
                   "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[{");
  put_descriptor(w, "application/vnd.oci.image.manifest.v1+json", manifest);
  ncl_json_literal(w, ",\"annotations\":{");
  put_member(w, "org.opencontainers.image.ref.name", ncl_contents_version(contents));
  ncl_json_literal(w, "},\"platform\":{");
  put_member(w, "architecture", ncl_contents_architecture(contents));
  put_member(w, "os", "linux");
  ncl_json_literal(w, "}}]}");
}

static bool make_folders(const char *folder, ncl_problem *problem) {
  static const char *const below[] = {"", "/blobs", "/blobs/sha256"};
  char path[PATH_MAX];
  for (size_t i = 0; i < sizeof below / sizeof below[0]; i++) {
    (void)snprintf(path, sizeof path, "%s%s", folder, below[i]);
    if (mkdir(path, 0755) != 0) return ncl_problem_set(problem, "%.800s cannot be made: %s", path, strerror(errno));
  }
  return true;
}

static bool put_json(const ncl_contents *contents, const char *folder, const blob *layer, const char *plain,
                     int64_t created_s, ncl_writer *w, ncl_problem *problem) {
  static const char version[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
  blob config, manifest;
  char path[PATH_MAX];
  put_config(contents, plain, created_s, w);
  if (!put_blob(folder, w, &config, problem)) return false;
  ncl_writer_reset(w);
  put_manifest(&config, layer, w);
  if (!put_blob(folder, w, &manifest, problem)) return false;
  ncl_writer_reset(w);
  put_index(contents, &manifest, w);
  if (w->status != NCL_OK) return ncl_problem_set(problem, "no memory for the image's JSON");
  (void)snprintf(path, sizeof path, "%s/index.json", folder);
  if (!ncl_output_text(path, w->base, w->len, problem)) return false;
  (void)snprintf(path, sizeof path, "%s/oci-layout", folder);
  return ncl_output_text(path, version, sizeof version - 1, problem);
}

bool ncl_output_image(const ncl_contents *contents, const ncl_tree *tree, const char *path, int64_t created_s,
                      ncl_problem *problem) {
  blob layer;
  char plain[NCL_DIGEST_HEX];
  ncl_writer w;
  if (!make_folders(path, problem) || !put_layer(tree, path, created_s, &layer, plain, problem)) return false;
  ncl_writer_heap(&w, JSON_MAX);
  bool ok = put_json(contents, path, &layer, plain, created_s, &w, problem);
  ncl_writer_close(&w);
  return ok;
}
