/* SPDX-License-Identifier: Apache-2.0 */
/* The schemes that the core knows: file, env, yaml; and the table of those that others bring. */
#include "core/config/retrieve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/config.h"
#include "core/config/near_miss.h"

static const char *process_get(void *ctx, const char *name) {
  (void)ctx;
  return getenv(name);
}

ncl_environment ncl_environment_of_process(void) {
  return (ncl_environment){process_get, NULL};
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool ncl_uri_split(ncl_str uri, ncl_str *scheme, ncl_str *rest) {
  size_t i = 0;
  if (uri.len == 0 || !is_letter(uri.ptr[0])) return false;
  while (i < uri.len && (is_letter(uri.ptr[i]) || is_digit(uri.ptr[i]) || uri.ptr[i] == '+' || uri.ptr[i] == '.' ||
                         uri.ptr[i] == '-')) {
    i++;
  }
  if (i < 2 || i == uri.len || uri.ptr[i] != ':') return false;
  *scheme = ncl_str_of(uri.ptr, i);
  *rest = ncl_str_of(uri.ptr + i + 1, uri.len - i - 1);
  return true;
}

bool ncl_is_variable_name(ncl_str name) {
  size_t i;
  if (name.len == 0 || is_digit(name.ptr[0])) return false;
  for (i = 0; i < name.len; i++) {
    if (!is_letter(name.ptr[i]) && !is_digit(name.ptr[i]) && name.ptr[i] != '_') return false;
  }
  return true;
}

static bool fail(ncl_retrieved *out, const char *hint, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool fail(ncl_retrieved *out, const char *hint, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(out->reason, sizeof(out->reason), format, arguments);
  va_end(arguments);
  (void)snprintf(out->hint, sizeof(out->hint), "%s", hint);
  return false;
}

/* ---- file ---------------------------------------------------------------------------------- */

static const char *file_hint(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return "check the name; a relative one counts from the working directory";
    case EACCES:
      return "make it readable for the user that runs the collector";
    default:
      return "";
  }
}

/* Reads until the end or until there is more than allowed. Returns the size, or -1 with errno. */
static ssize_t read_all(int fd, char *buffer, size_t size) {
  size_t used = 0;
  while (used < size) {
    ssize_t got = read(fd, buffer + used, size - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    used += (size_t)got;
  }
  return (ssize_t)used;
}

static bool read_file(const ncl_allocator *allocator, int fd, ncl_str name, ncl_retrieved *out);

static bool retrieve_file(const ncl_allocator *allocator, ncl_str name, ncl_retrieved *out) {
  bool done;
  int fd;
  if (name.len == 0 || memchr(name.ptr, 0, name.len) != NULL) {
    return fail(out, "write file:/path/of/the/config.yaml", "the name of the file is empty");
  }
  /* Not blocking: a named pipe without a writer must not stop the start. */
  fd = open(name.ptr, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    int error = errno;
    return fail(out, file_hint(error), "the file \"%.*s\" cannot be opened: %s", NCL_ARG(name), strerror(error));
  }
  done = read_file(allocator, fd, name, out);
  (void)close(fd);
  return done;
}

typedef struct file_text {
  const ncl_allocator *allocator;
  char bytes[];
} file_text;

static void free_file_text(void *arg) {
  file_text *text = arg;
  text->allocator->free(text->allocator->ctx, text);
}

static bool read_file(const ncl_allocator *allocator, int fd, ncl_str name, ncl_retrieved *out) {
  struct stat status;
  size_t room = NCL_CONFIG_TEXT_MAX + 1;
  file_text *text;
  ssize_t size;

  if (fstat(fd, &status) == 0) {
    if (S_ISDIR(status.st_mode)) {
      return fail(out, "name the file in it", "\"%.*s\" is a directory", NCL_ARG(name));
    }
    /* Of a regular file, one byte more than it has, to see whether it grows. */
    if (S_ISREG(status.st_mode) && status.st_size > 0 && status.st_size < (off_t)NCL_CONFIG_TEXT_MAX) {
      room = (size_t)status.st_size + 1;
    }
  }
  /* It is open now; what is read may take its time to come ("--config <(...)"). */
  if (fcntl(fd, F_SETFL, 0) != 0) return fail(out, "", "\"%.*s\" cannot be read: %s", NCL_ARG(name), strerror(errno));
  text = allocator->alloc(allocator->ctx, sizeof(*text) + room);
  if (text == NULL) return fail(out, "", "there is not enough memory to read \"%.*s\"", NCL_ARG(name));
  text->allocator = allocator;
  size = read_all(fd, text->bytes, room);
  if (size < 0 || (size_t)size == room) {
    int error = errno;
    free_file_text(text);
    if (size < 0) return fail(out, "", "the file \"%.*s\" cannot be read: %s", NCL_ARG(name), strerror(error));
    if (room <= NCL_CONFIG_TEXT_MAX) {
      return fail(out, "try again", "the file \"%.*s\" was changed while it was read", NCL_ARG(name));
    }
    return fail(out, "a config is far smaller than that", "the file \"%.*s\" has more than %u bytes", NCL_ARG(name),
                NCL_CONFIG_TEXT_MAX);
  }
  out->text = ncl_str_of(text->bytes, (size_t)size);
  out->release = free_file_text;
  out->release_arg = text;
  return true;
}

/* ---- env, yaml ----------------------------------------------------------------------------- */

/* What stands there may be part of a secret: only the groups of a regular expression are quoted. */
static bool bad_variable_name(ncl_str name, ncl_retrieved *out) {
  size_t i = 0;
  while (i < name.len && is_digit(name.ptr[i]))
    i++;
  if (name.len > 0 && i == name.len && i < 4) {
    return fail(out, "to keep the text, write it with two dollar signs: $${...}",
                "\"${%.*s}\" cannot be an environment variable: its name begins with a digit", NCL_ARG(name));
  }
  return fail(out, "write ${env:NAME}, or $${ for a \"${\" that is to stay",
              "what stands in ${...} cannot be the name of an environment variable");
}

/* "NAME" or "NAME:-default". */
static bool retrieve_variable(const ncl_environment *environment, ncl_str rest, ncl_retrieved *out) {
  char name[NCL_VARIABLE_NAME_MAX + 1];
  size_t end = 0;
  const char *value;

  while (end < rest.len && !(rest.ptr[end] == ':' && end + 1 < rest.len && rest.ptr[end + 1] == '-'))
    end++;
  if (!ncl_is_variable_name(ncl_str_of(rest.ptr, end)) || end >= sizeof(name)) {
    return bad_variable_name(ncl_str_of(rest.ptr, end), out);
  }
  memcpy(name, rest.ptr, end);
  name[end] = 0;
  value = environment->get == NULL ? NULL : environment->get(environment->ctx, name);
  if (value != NULL) {
    out->text = ncl_str_of(value, strlen(value));
  } else if (end < rest.len) {
    out->text = ncl_str_of(rest.ptr + end + 2, rest.len - end - 2);
    out->is_default = 1;
  } else {
    out->unset = 1;
  }
  return true;
}

/* Schemes that people try and that mean something else. */
static const char *explain_scheme(ncl_str scheme, ncl_str rest) {
  bool is_parameter = rest.len > 4 && memmem(rest.ptr, rest.len, ":ssm:", 5) != NULL;
  if (ncl_str_eq(scheme, (ncl_str)NCL_STR("arn")) && is_parameter) {
    return "to read the parameter, write ssm: before its ARN; or give the ARN as \"valueFrom\" of a variable under "
           "\"secrets\" in the ECS task definition, and name that variable here: env:COLLECTOR_CONFIG";
  }
  if (ncl_str_eq(scheme, (ncl_str)NCL_STR("arn"))) {
    return "this is the name of something in AWS: in the ECS task definition, give it as \"valueFrom\" of a variable "
           "under \"secrets\", and name that variable here: env:COLLECTOR_CONFIG";
  }
  if (ncl_str_eq(scheme, (ncl_str)NCL_STR("AWS")) && rest.len > 0 && rest.ptr[0] == ':') {
    return "deploy it with Fn::Sub, or write the value itself";
  }
  return NULL;
}

static bool unknown_scheme(ncl_str scheme, ncl_str rest, const char *looked, ncl_retrieved *out) {
  static const char *const own[] = {"env", "file", "yaml", "http", "https", "ssm", "s3", NULL};
  const char *explained = explain_scheme(scheme, rest);
  ncl_near_miss near;
  char hint[sizeof(out->hint)];
  size_t i;

  out->no_scheme = 1;
  if (explained != NULL && rest.ptr[0] == ':' && scheme.ptr[0] == 'A') {
    return fail(out, explained, "\"${AWS:%.*s}\" is a variable of CloudFormation that was not filled in",
                NCL_ARG(rest));
  }
  ncl_near_miss_init(&near, scheme);
  for (i = 0; own[i] != NULL; i++)
    ncl_near_miss_offer(&near, ncl_str_of(own[i], strlen(own[i])));
  if (explained != NULL) {
    (void)snprintf(hint, sizeof(hint), "%s", explained);
  } else if (near.best.len > 0 && !ncl_str_eq(near.best, scheme)) {
    (void)snprintf(hint, sizeof(hint), "did you mean \"%.*s:\"? %s", NCL_ARG(near.best), looked);
  } else {
    (void)snprintf(hint, sizeof(hint), "%s", looked);
  }
  return fail(out, hint, "the scheme \"%.*s\" is not known", NCL_ARG(scheme));
}

static bool retrieve_other(const ncl_load_options *options, ncl_str scheme, ncl_str rest, ncl_retrieved *out) {
  char looked[sizeof(out->hint)] = "the schemes that are known are env, file, yaml";
  if (options->retrieve != NULL) {
    if (options->retrieve(options->retrieve_ctx, scheme, rest, out)) return true;
    if (out->no_scheme == 0) return false;
    (void)snprintf(looked, sizeof(looked), "%s", out->hint);
  }
  return unknown_scheme(scheme, rest, looked, out);
}

static bool retrieve(const ncl_load_options *options, ncl_str scheme, ncl_str rest, ncl_retrieved *out) {
  const ncl_allocator *allocator = options->allocator != NULL ? options->allocator : ncl_allocator_default();
  if (ncl_str_eq(scheme, (ncl_str)NCL_STR("env"))) {
    out->kind = NCL_SOURCE_ENVIRONMENT;
    return retrieve_variable(&options->environment, rest, out);
  }
  if (ncl_str_eq(scheme, (ncl_str)NCL_STR("file"))) {
    out->kind = NCL_SOURCE_FILE;
    if (options->note_file != NULL) options->note_file(options->note_ctx, rest);
    return retrieve_file(allocator, rest, out);
  }
  if (ncl_str_eq(scheme, (ncl_str)NCL_STR("yaml"))) {
    out->kind = NCL_SOURCE_YAML;
    out->text = rest;
    return true;
  }
  return retrieve_other(options, scheme, rest, out);
}

bool ncl_retrieve(const ncl_load_options *options, ncl_str scheme, ncl_str rest, ncl_retrieved *out) {
  memset(out, 0, sizeof(*out));
  out->kind = NCL_SOURCE_OTHER;
  out->text = ncl_str_of("", 0);
  if (!retrieve(options, scheme, rest, out)) return false;
  if (out->text.len > NCL_CONFIG_TEXT_MAX) {
    size_t size = out->text.len;
    ncl_retrieved_end(out);
    return fail(out, "a config is far smaller than that", "the text has %zu bytes, more than the %u that are allowed",
                size, NCL_CONFIG_TEXT_MAX);
  }
  return true;
}

size_t ncl_uri_show(ncl_str uri, char *out, size_t size) {
  const char *slashes = uri.len > 0 ? memmem(uri.ptr, uri.len, "://", 3) : NULL;
  size_t place = slashes != NULL ? (size_t)(slashes - uri.ptr) + 3 : uri.len, end = place, at = 0, query = place, used;
  for (; end < uri.len && strchr("/?#", uri.ptr[end]) == NULL; end++) {
    if (uri.ptr[end] == '@') at = end;
  }
  while (query < uri.len && uri.ptr[query] != '?' && uri.ptr[query] != '#')
    query++;
  if (slashes == NULL) { /* "ssm:/path?region=eu-west-1" has no secrets, and what has is not known */
    used = (size_t)snprintf(out, size, "%.*s", NCL_ARG(uri));
  } else {
    ncl_str shown = ncl_str_of(uri.ptr + (at > 0 ? at : place), query - (at > 0 ? at : place));
    used = (size_t)snprintf(out, size, "%.*s%s%.*s%s", (int)(place < 40 ? place : 40), uri.ptr, at > 0 ? "***" : "",
                            NCL_ARG(shown), query < uri.len && uri.ptr[query] == '?' ? "?***" : "");
  }
  return used < size ? used : size - 1;
}

void ncl_retrieved_end(ncl_retrieved *retrieved) {
  if (retrieved->release != NULL) retrieved->release(retrieved->release_arg);
  retrieved->release = NULL;
}
