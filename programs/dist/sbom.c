/* SPDX-License-Identifier: Apache-2.0 */
/* sbom.c: plugins and programs with their digests, Debian packages with their versions. */
#include "programs/dist/sbom.h"

#include <nacelle/json_write.h>
#include <string.h>
#include <time.h>

#define ID_MAX 256u

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

/* SPDX takes letters, digits, "." and "-". */
static void make_id(char id[ID_MAX], const char *kind, const char *name) {
  int len = snprintf(id, ID_MAX, "SPDXRef-%s-%s", kind, name);
  for (int i = 0; i < len && i < (int)ID_MAX - 1; i++) {
    char c = id[i];
    bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (!is_plain) id[i] = '-';
  }
}

static void put_member(ncl_writer *w, const char *name, const char *value) {
  ncl_json_put_name(w, str(name));
  ncl_json_put_str(w, str(value));
}

static void open_package(ncl_writer *w, const char *id, const char *name, const char *version) {
  ncl_json_comma(w);
  ncl_json_open(w);
  put_member(w, "SPDXID", id);
  put_member(w, "name", name);
  if (version[0] != '\0') put_member(w, "versionInfo", version);
  put_member(w, "downloadLocation", "NOASSERTION");
  ncl_json_put_key(w, "filesAnalyzed");
  ncl_json_put_bool(w, 0);
  put_member(w, "licenseConcluded", "NOASSERTION");
  put_member(w, "copyrightText", "NOASSERTION");
}

static void put_part(ncl_writer *w, const ncl_part *part) {
  char id[ID_MAX];
  make_id(id, "part", part->name);
  open_package(w, id, part->name, "");
  put_member(w, "packageFileName", part->name);
  ncl_json_put_key(w, "checksums");
  ncl_json_literal(w, "[{\"algorithm\":\"SHA256\",\"checksumValue\":");
  ncl_json_put_str(w, str(part->sha256));
  ncl_json_literal(w, "}]}");
}

static void put_debian(ncl_writer *w, const ncl_debian_package *package, const char *architecture) {
  char id[ID_MAX], purl[2 * NCL_DEBIAN_NAME + 96], name[NCL_DEBIAN_NAME];
  (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(package->name, ":"), package->name);
  make_id(id, "deb", name);
  open_package(w, id, name, package->version);
  (void)snprintf(purl, sizeof purl, "pkg:deb/debian/%s@%s?arch=%s", name, package->version, architecture);
  ncl_json_put_key(w, "externalRefs");
  ncl_json_literal(w, "[{\"referenceCategory\":\"PACKAGE-MANAGER\",\"referenceType\":\"purl\",\"referenceLocator\":");
  ncl_json_put_str(w, str(purl));
  ncl_json_literal(w, "}]");
  put_member(w, "sourceInfo", package->source);
  ncl_json_close(w);
}

static void put_relation(ncl_writer *w, const char *from, const char *kind, const char *to) {
  ncl_json_comma(w);
  ncl_json_open(w);
  put_member(w, "spdxElementId", from);
  put_member(w, "relationshipType", kind);
  put_member(w, "relatedSpdxElement", to);
  ncl_json_close(w);
}

static void put_relations(ncl_writer *w, const ncl_contents *contents, bool with_system) {
  static const char whole[] = "SPDXRef-distribution";
  char id[ID_MAX];
  ncl_json_put_key(w, "relationships");
  ncl_json_literal(w, "[");
  put_relation(w, "SPDXRef-DOCUMENT", "DESCRIBES", whole);
  for (size_t i = 0; i < contents->part_count; i++) {
    make_id(id, "part", contents->parts[i].name);
    put_relation(w, whole, "CONTAINS", id);
  }
  for (size_t i = 0; with_system && i < contents->debian.count; i++) {
    char name[NCL_DEBIAN_NAME];
    const char *full = contents->debian.packages[i].name;
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(full, ":"), full);
    make_id(id, "deb", name);
    put_relation(w, whole, "CONTAINS", id);
  }
  ncl_json_literal(w, "]");
}

static void put_creation(ncl_writer *w, int64_t created_s) {
  char text[32] = "1970-01-01T00:00:00Z";
  time_t seconds = (time_t)created_s;
  struct tm parts;
  if (gmtime_r(&seconds, &parts) != NULL) (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  ncl_json_put_key(w, "creationInfo");
  ncl_json_open(w);
  put_member(w, "created", text);
  ncl_json_literal(w, ",\"creators\":[\"Tool: nacelle-dist-" NCL_VERSION "\"]}");
}

bool ncl_sbom_write(const ncl_contents *contents, bool with_system, int64_t created_s, ncl_writer *out,
                    ncl_problem *problem) {
  char name[400], space[600];
  const char *version = ncl_contents_version(contents), *architecture = ncl_contents_architecture(contents);
  (void)snprintf(name, sizeof name, "%s-%s-%s", contents->manifest->name, version, architecture);
  (void)snprintf(space, sizeof space, "https://spdx.org/spdxdocs/nacelle/%s-%.16s", name, contents->parts[0].sha256);
  ncl_json_open(out);
  put_member(out, "spdxVersion", "SPDX-2.3");
  put_member(out, "dataLicense", "CC0-1.0");
  put_member(out, "SPDXID", "SPDXRef-DOCUMENT");
  put_member(out, "name", name);
  put_member(out, "documentNamespace", space);
  put_creation(out, created_s);
  ncl_json_put_key(out, "packages");
  ncl_json_literal(out, "[");
  open_package(out, "SPDXRef-distribution", contents->manifest->name, version);
  ncl_json_close(out);
  for (size_t i = 0; i < contents->part_count; i++)
    put_part(out, &contents->parts[i]);
  for (size_t i = 0; with_system && i < contents->debian.count; i++)
    put_debian(out, &contents->debian.packages[i], architecture);
  ncl_json_literal(out, "]");
  put_relations(out, contents, with_system);
  ncl_json_literal(out, "}\n");
  return out->status == NCL_OK || ncl_problem_set(problem, "no memory for the bill of materials");
}
