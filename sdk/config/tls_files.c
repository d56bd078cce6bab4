/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/config/tls_files.c: whether the files of a tls section are there and what they seem to be. OpenSSL is not asked:
 * it is loaded when a connection needs it. */
#include <errno.h>
#include <fcntl.h>
#include <nacelle/tls_client_fields.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)1 << 20) /* that are looked at */

/* What is wrong with a file, and what to do. */
typedef struct fault {
  const char *message, *hint;
} fault;

static bool has(const char *text, size_t len, const char *part) {
  return memmem(text, len, part, strlen(part)) != NULL;
}

static fault look_at_pem(const char *text, size_t len, bool is_key) {
  if (!has(text, len, "-----BEGIN ")) {
    return (fault){"the file is not PEM: no line begins with -----BEGIN",
                   "name the PEM file, or convert it: openssl x509 (or pkey) -inform DER -in FILE"};
  }
  if (is_key && has(text, len, "ENCRYPTED")) {
    return (fault){"the key has a password, which cannot be given", "take it away: openssl pkey -in FILE"};
  }
  if (is_key && !has(text, len, "PRIVATE KEY-----")) {
    return (fault){"there is no private key in the file", "is it the certificate? The key is a file of its own"};
  }
  if (!is_key && !has(text, len, "CERTIFICATE-----")) {
    return (fault){"there is no certificate in the file", "is it the key? The certificate is a file of its own"};
  }
  return (fault){NULL, NULL};
}

static fault look_at_open(int fd, bool is_key) {
  struct stat status;
  fault found = {"the file cannot be read", "check what it is"};
  if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) return (fault){"this is a directory", "name the file in it"};
  char *text = malloc(FILE_BYTES_MAX);
  if (text == NULL) return (fault){NULL, NULL}; /* what is not looked at is not wrong */
  ssize_t len = read(fd, text, FILE_BYTES_MAX);
  if (len >= 0) found = look_at_pem(text, (size_t)len, is_key);
  free(text);
  return found;
}

static fault look_at(ncl_str file, bool is_key) {
  char path[4096];
  if (file.len >= sizeof path) return (fault){"the path is too long", "name a file"};
  memcpy(path, file.ptr, file.len);
  path[file.len] = '\0';
  /* Not blocking: a named pipe must not stop the start. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return (fault){errno == ENOENT || errno == ENOTDIR ? "there is no such file" : "the file cannot be read",
                   "check the path and who may read it"};
  }
  fault found = look_at_open(fd, is_key);
  (void)close(fd);
  return found;
}

ncl_status ncl_tls_files_check(const ncl_host *host, ncl_component *me, const ncl_value *tls) {
  /* The first one is of use to clients only: of a server it is not read. */
  static const char *const names[] = {"ca_file", "cert_file", "key_file", "client_ca_file"};
  bool is_server = ncl_value_get(tls, (ncl_str)NCL_STR("client_ca_file")) != NULL;
  ncl_status status = NCL_OK;
  for (size_t i = is_server ? 1 : 0; i < sizeof names / sizeof names[0]; i++) {
    const ncl_value *file = ncl_value_get(tls, ncl_str_of(names[i], strlen(names[i])));
    if (file == NULL || file->kind != NCL_VALUE_STRING || file->s.len == 0) continue;
    fault found = look_at(file->s, strcmp(names[i], "key_file") == 0);
    if (found.message == NULL) continue;
    host->config_error(me, file, ncl_str_of(found.message, strlen(found.message)),
                       ncl_str_of(found.hint, strlen(found.hint)));
    status = NCL_PERMANENT;
  }
  return status;
}
