/* SPDX-License-Identifier: Apache-2.0 */
/* services/tls/reload.c: certificates that were replaced on disk: looked for when somebody connects, not by a timer,
 * and on a reload of the config. */
#include <nacelle/config_fill.h>
#include <stdio.h>
#include <string.h>

#include "context.h"

#define SECOND_NS INT64_C(1000000000)

static void look(const ncl_tls_context *c, ncl_tls_file files[NCL_TLS_FILES]) {
  static const ncl_str keys[NCL_TLS_FILES] = {NCL_STR("cert_file"), NCL_STR("key_file"), NCL_STR("client_ca_file")};
  memset(files, 0, NCL_TLS_FILES * sizeof *files);
  for (uint32_t i = 0; i < NCL_TLS_FILES; i++) {
    ncl_str file = ncl_config_str(c->section, keys[i], (ncl_str){NULL, 0});
    char path[4096];
    struct stat st;
    int n = snprintf(path, sizeof path, "%.*s", (int)file.len, file.len > 0 ? file.ptr : "");
    if (n <= 0 || (size_t)n >= sizeof path || stat(path, &st) != 0) continue;
    files[i].device = st.st_dev;
    files[i].inode = st.st_ino; /* links that are put in place of others, as Kubernetes does, lead to another one */
    files[i].size = st.st_size;
    files[i].changed = st.st_mtim;
  }
}

void ncl_tls_reload_begin(ncl_tls_context *c) {
  int64_t every = ncl_config_int(c->section, (ncl_str)NCL_STR("reload_interval"), 0);
  bool client_ca = ncl_config_int(c->section, (ncl_str)NCL_STR("client_ca_file_reload"), 0) != 0;
  if (client_ca && (every <= 0 || every > SECOND_NS)) every = SECOND_NS;
  c->look_every_ns = every > 0 ? every : 0;
  c->look_at_ns = c->host->now_ns(c->owner) + c->look_every_ns;
  look(c, c->files);
}

static void log_failure(const ncl_tls_context *c, ncl_str reason) {
  static const ncl_str event = NCL_STR("tls.reload_failed"),
                       text = NCL_STR("The changed certificates cannot be used; the ones from before stay.");
  ncl_attr attr = {.key = NCL_STR("error"), .type = NCL_ATTR_STR, .s = reason};
  c->host->log(c->owner, NCL_LOG_ERROR, event, text, &attr, 1);
}

void ncl_tls_reload(ncl_tls_context *c) {
  static const ncl_str event = NCL_STR("tls.reloaded"),
                       text = NCL_STR("The certificates have changed and were read again.");
  ncl_tls_file files[NCL_TLS_FILES];
  look(c, files);
  if (memcmp(files, c->files, sizeof files) == 0 || memcmp(files, c->failed, sizeof files) == 0) return;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  SSL_CTX *ssl = ncl_tls_context_make(c, &outcome);
  if (ssl == NULL) {
    memcpy(c->failed, files, sizeof files);
    log_failure(c, outcome.message);
    return;
  }
  memcpy(c->files, files, sizeof files);
  memset(c->failed, 0, sizeof c->failed);
  SSL_CTX_free(c->ssl);
  c->ssl = ssl;
  c->host->log(c->owner, NCL_LOG_INFO, event, text, NULL, 0);
}

void ncl_tls_reload_if_due(ncl_tls_context *c) {
  if (c->look_every_ns == 0) return;
  int64_t now = c->host->now_ns(c->owner);
  if (now < c->look_at_ns) return;
  c->look_at_ns = now + c->look_every_ns;
  ncl_tls_reload(c);
}
