/* SPDX-License-Identifier: Apache-2.0 */
/* extensions/file_storage: keys and values in files of one directory, for queues that survive the process. */
#include "file_storage.h"

#include <errno.h>
#include <fcntl.h>
#include <nacelle/config_fill.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB INT64_C(1048576)
#define AT(member) .offset = offsetof(ncl_file_storage_settings, member)
#define UNUSED .offset = NCL_CONFIG_NO_OFFSET

/* ---- config ------------------------------------------------------------------------------------------ */

static const ncl_field compaction_fields[] = {
    {.name = NCL_STR("on_start"),
     .type = NCL_TYPE_BOOL,
     .dflt = NCL_STR("false"),
     .doc = NCL_STR("Whether unused space is given back to the disk when a file is opened."),
     AT(compact_on_start)},
    {.name = NCL_STR("on_rebound"),
     .type = NCL_TYPE_BOOL,
     .dflt = NCL_STR("false"),
     .doc = NCL_STR("Accepted for the Go collector's sake: space that became free is used again without it."),
     UNUSED},
    {.name = NCL_STR("directory"),
     .type = NCL_TYPE_STRING,
     .doc = NCL_STR("Accepted for the Go collector's sake: compaction needs no directory of its own."),
     UNUSED},
    {.name = NCL_STR("rebound_needed_threshold_mib"),
     .type = NCL_TYPE_INT,
     .dflt = NCL_STR("100"),
     .max = INT32_MAX,
     .doc = NCL_STR("Accepted for the Go collector's sake."),
     UNUSED},
    {.name = NCL_STR("rebound_trigger_threshold_mib"),
     .type = NCL_TYPE_INT,
     .dflt = NCL_STR("10"),
     .max = INT32_MAX,
     .doc = NCL_STR("Accepted for the Go collector's sake."),
     UNUSED},
    {.name = NCL_STR("max_transaction_size"),
     .type = NCL_TYPE_INT,
     .dflt = NCL_STR("65536"),
     .max = INT32_MAX,
     .doc = NCL_STR("Accepted for the Go collector's sake."),
     UNUSED},
    {.name = NCL_STR("check_interval"),
     .type = NCL_TYPE_DURATION,
     .dflt = NCL_STR("5s"),
     .max = INT64_MAX,
     .doc = NCL_STR("Accepted for the Go collector's sake."),
     UNUSED},
    {.name = NCL_STR("cleanup_on_start"),
     .type = NCL_TYPE_BOOL,
     .dflt = NCL_STR("false"),
     .doc = NCL_STR("Accepted for the Go collector's sake: compaction leaves no files behind."),
     UNUSED},
};

static const ncl_field fields[] = {
    {.name = NCL_STR("directory"),
     .type = NCL_TYPE_STRING,
     .dflt = NCL_STR("/var/lib/otelcol/file_storage"),
     .doc = NCL_STR("Where the files lie. One process at a time."),
     AT(directory)},
    {.name = NCL_STR("create_directory"),
     .type = NCL_TYPE_BOOL,
     .dflt = NCL_STR("true"),
     .doc = NCL_STR("Whether the directory is made where it is missing."),
     AT(create_directory)},
    {.name = NCL_STR("directory_permissions"),
     .type = NCL_TYPE_STRING,
     .dflt = NCL_STR("0750"),
     .doc = NCL_STR("Permissions of a directory that is made, in octal."),
     AT(directory_permissions)},
    {.name = NCL_STR("timeout"),
     .type = NCL_TYPE_DURATION,
     .dflt = NCL_STR("1s"),
     .max = INT64_MAX,
     .doc = NCL_STR("Accepted for the Go collector's sake: a directory that another process uses is refused at once."),
     UNUSED},
    {.name = NCL_STR("fsync"),
     .type = NCL_TYPE_BOOL,
     .dflt = NCL_STR("false"),
     .doc = NCL_STR("Whether each transaction waits for the disk, and so survives a power cut. Without it what was "
                    "acknowledged survives the end of the process, also by kill -9."),
     AT(fsync)},
    {.name = NCL_STR("max_size"),
     .type = NCL_TYPE_SIZE,
     .dflt = NCL_STR("1GiB"),
     .min = MIB,
     .max = INT64_MAX,
     .doc = NCL_STR("Limit of each file: one exporter and signal. What does not fit is refused."),
     AT(max_size)},
    {.name = NCL_STR("compaction"),
     .type = NCL_TYPE_SECTION,
     .doc = NCL_STR("Giving unused space back."),
     .fields = NCL_ARRAY(compaction_fields)},
};
static const ncl_array field_table = NCL_ARRAY(fields);

static const ncl_value *value_of(const ncl_create *create, const char *name) {
  return ncl_value_get(create->config, ncl_str_of(name, strlen(name)));
}

static bool read_permissions(ncl_file_storage *storage) {
  ncl_str text = storage->settings.directory_permissions;
  storage->permissions = 0;
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '7' || storage->permissions > 07777 / 8) return false;
    storage->permissions = storage->permissions * 8 + (uint32_t)(text.ptr[i] - '0');
  }
  return text.len > 0;
}

static ncl_status read_settings(ncl_file_storage *storage, const ncl_create *create) {
  ncl_status status = ncl_config_fill(create->config, &field_table, &storage->settings);
  if (status != NCL_OK) return status;
  ncl_str directory = storage->settings.directory;
  if (directory.len == 0 || directory.len > NCL_FILE_STORAGE_PATH_MAX) {
    create->host->config_error(create->me, value_of(create, "directory"),
                               (ncl_str)NCL_STR("the directory is empty, or longer than 4,000 bytes"),
                               (ncl_str)NCL_STR("name a directory that outlives the process, on a volume for one"));
    status = NCL_PERMANENT;
  }
  if (!read_permissions(storage)) {
    create->host->config_error(create->me, value_of(create, "directory_permissions"),
                               (ncl_str)NCL_STR("permissions are written in octal"), (ncl_str)NCL_STR("0750"));
    status = NCL_PERMANENT;
  }
  return status;
}

/* ---- the directory ----------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static ncl_status refuse(ncl_file_storage *storage, ncl_outcome *outcome,
                                                               const char *format, ...) {
  va_list args;
  va_start(args, format);
  (void)vsnprintf(storage->words, sizeof storage->words, format, args);
  va_end(args);
  outcome->status = NCL_PERMANENT;
  outcome->message = ncl_str_of(storage->words, strlen(storage->words));
  return NCL_PERMANENT;
}

/* Makes the directory and those above it. False: errno. */
static bool make_directories(char *path, mode_t permissions) {
  for (char *at = path + 1;; at++) {
    if (*at != '/' && *at != '\0') continue;
    char end = *at;
    *at = '\0';
    int result = mkdir(path, permissions);
    *at = end;
    if (result != 0 && errno != EEXIST) return false;
    if (end == '\0') return true;
  }
}

/* Its lock holds until the process ends, however it ends. */
static int lock_directory(const char *path) {
  char name[NCL_FILE_STORAGE_PATH_MAX + 16];
  (void)snprintf(name, sizeof name, "%s/lock", path);
  int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return -1;
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  int reason = errno;
  (void)close(fd);
  errno = reason;
  return -1;
}

static ncl_status start(void *self, ncl_token token, ncl_outcome *outcome) {
  ncl_file_storage *storage = self;
  ncl_str directory = storage->settings.directory;
  char path[NCL_FILE_STORAGE_PATH_MAX + 1], reason[100];
  (void)token;
  (void)snprintf(path, sizeof path, "%.*s", (int)directory.len, directory.ptr);
  struct stat st;
  bool exists = stat(path, &st) == 0;
  if (!exists && errno == ENOENT && storage->settings.create_directory != 0) {
    if (!make_directories(path, (mode_t)storage->permissions)) {
      return refuse(storage, outcome, "the directory %s cannot be made: %s", path,
                    strerror_r(errno, reason, sizeof reason));
    }
    exists = stat(path, &st) == 0;
  }
  if (!exists) return refuse(storage, outcome, "the directory %s: %s", path, strerror_r(errno, reason, sizeof reason));
  if (!S_ISDIR(st.st_mode)) return refuse(storage, outcome, "%s is not a directory", path);
  storage->lock_fd = lock_directory(path);
  if (storage->lock_fd >= 0) return NCL_OK;
  if (errno == EWOULDBLOCK) {
    return refuse(storage, outcome, "another process uses the directory %s; each needs one of its own", path);
  }
  return refuse(storage, outcome, "the directory %s cannot be written to: %s", path,
                strerror_r(errno, reason, sizeof reason));
}

/* Looks without changing anything. */
static ncl_status check(void *self) {
  ncl_file_storage *storage = self;
  ncl_str directory = storage->settings.directory;
  char path[NCL_FILE_STORAGE_PATH_MAX + 1], words[NCL_FILE_STORAGE_PATH_MAX + 200], reason[100];
  (void)snprintf(path, sizeof path, "%.*s", (int)directory.len, directory.ptr);
  if (access(path, W_OK | X_OK) == 0 || (errno == ENOENT && storage->settings.create_directory != 0)) return NCL_OK;
  (void)snprintf(words, sizeof words, "the directory %s: %s", path, strerror_r(errno, reason, sizeof reason));
  storage->host->config_error(storage->me, NULL, ncl_str_of(words, strlen(words)),
                              (ncl_str)NCL_STR("make it, or let the user that runs the collector write to it"));
  return NCL_PERMANENT;
}

/* ---- life -------------------------------------------------------------------------------------------- */

static ncl_status create(const ncl_create *create, void **self) {
  ncl_file_storage *storage = calloc(1, sizeof *storage);
  if (storage == NULL) return NCL_NO_MEMORY;
  storage->host = create->host;
  storage->me = create->me;
  storage->lock_fd = -1;
  storage->holders = 1;
  storage->table = (ncl_storage){.struct_size = sizeof storage->table,
                                 .self = storage,
                                 .open = ncl_file_storage_open,
                                 .commit = ncl_file_storage_commit,
                                 .scan = ncl_file_storage_scan,
                                 .close = ncl_file_storage_close};
  ncl_status status = read_settings(storage, create);
  if (status != NCL_OK) {
    free(storage);
    return status;
  }
  *self = storage;
  return NCL_OK;
}

void ncl_file_storage_leave(ncl_file_storage *storage) {
  if (storage->clients == NULL && storage->ending != 0) {
    ncl_outcome outcome = NCL_OUTCOME_INIT;
    ncl_token token = storage->ending;
    storage->ending = 0;
    if (storage->lock_fd >= 0) (void)close(storage->lock_fd);
    storage->lock_fd = -1;
    storage->host->complete(storage->me, token, &outcome);
  }
  if (--storage->holders > 0) return;
  if (storage->lock_fd >= 0) (void)close(storage->lock_fd);
  free(storage);
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  ncl_file_storage *storage = self;
  (void)outcome;
  ncl_file_storage_close_all(storage);
  if (storage->clients != NULL) {
    storage->ending = token;
    return NCL_PENDING;
  }
  if (storage->lock_fd >= 0) (void)close(storage->lock_fd);
  storage->lock_fd = -1;
  return NCL_OK;
}

static void destroy(void *self) {
  ncl_file_storage *storage = self;
  storage->ending = 0;
  ncl_file_storage_leave(storage);
}

static const void *publish(void *self, ncl_str name) {
  ncl_file_storage *storage = self;
  static const char known[] = NCL_STORAGE_1;
  return name.len == sizeof known - 1 && memcmp(name.ptr, known, name.len) == 0 ? &storage->table : NULL;
}

/* ---- descriptor -------------------------------------------------------------------------------------- */

static const ncl_str interfaces[] = {NCL_STR(NCL_STORAGE_1)};

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = create,
                                    .check = check,
                                    .start = start,
                                    .shutdown = shut_down,
                                    .destroy = destroy,
                                    .publish = publish};

static const ncl_component_type types[] = {{.type = NCL_STR("file_storage"),
                                            .kind = NCL_KIND_EXTENSION,
                                            .flags = NCL_COMPONENT_SHARED | NCL_COMPONENT_EXCLUSIVE,
                                            .doc = NCL_STR("Keeps sending queues in files."),
                                            .fields = NCL_ARRAY(fields),
                                            .interfaces = NCL_ARRAY(interfaces),
                                            .methods = &methods}};

static const ncl_plugin plugin = {.magic = NCL_PLUGIN_MAGIC,
                                  .struct_size = sizeof plugin,
                                  .abi_major = NCL_ABI_MAJOR,
                                  .abi_minor_built = NCL_ABI_MINOR,
                                  .name = NCL_STR("nacelle-file-storage"),
                                  .version = NCL_STR(NCL_VERSION),
                                  .components = NCL_ARRAY(types)};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
