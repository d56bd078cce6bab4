/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/file: one record a batch, appended to a file by a thread that may wait; one record at a time, in order. */
#include <nacelle/config_fill.h>
#include <nacelle/nacelle.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "record.h"

typedef struct settings {
  ncl_str path;
  ncl_str directory_permissions;
  int64_t format;
  int64_t append;
  int64_t create_directory;
  int64_t compression;
} settings;

/* What the thread is doing. */
enum { NOTHING, OPENING, WRITING, CLOSING };

/* The thread and the instance each hold it while something is under way, so that whoever is last frees it: the host may
 * destroy the instance while a disk does not answer. */
typedef struct file {
  const ncl_host *host;
  ncl_component *me;
  settings settings;
  ncl_file_format format;
  atomic_uint holders;
  int64_t charged; /* bytes of `buffer`, to the host */
  ncl_metric *written;
  uint32_t failing; /* 1 = the last record could not be written */

  /* The thread's while something is under way. */
  uint32_t doing;
  ncl_file_buffer buffer;
  ncl_file_disk disk;
  ncl_status status;

  ncl_token token;    /* to complete when it is done; 0 = nobody waits any more */
  ncl_token shutdown; /* waits until nothing is under way */
} file;

static const ncl_str formats[] = {NCL_STR("json"), NCL_STR("proto")};
static const ncl_str compressions[] = {NCL_STR("none"), NCL_STR("zstd")};

enum {
  F_PATH,
  F_FORMAT,
  F_COMPRESSION,
  F_APPEND,
  F_CREATE,
  F_PERMISSIONS,
  F_FLUSH,
  F_ROTATION,
  F_GROUP_BY,
  F_ENCODING
};

static const ncl_metric_type metrics[] = {
    {.name = NCL_STR("written_bytes"),
     .type = NCL_METRIC_COUNTER,
     .unit = NCL_STR("By"),
     .doc = NCL_STR("Bytes of whole records that were written.")},
};

static const ncl_field fields[] = {
    [F_PATH] = {.name = NCL_STR("path"),
                .type = NCL_TYPE_STRING,
                .flags = NCL_FIELD_REQUIRED,
                .doc = NCL_STR("The file that is written."),
                .offset = offsetof(settings, path)},
    [F_FORMAT] = {.name = NCL_STR("format"),
                  .type = NCL_TYPE_ENUM,
                  .dflt = NCL_STR("json"),
                  .choices = NCL_ARRAY(formats),
                  .doc = NCL_STR("OTLP as JSON, a line for each batch, or as protobuf, each batch behind its length."),
                  .offset = offsetof(settings, format)},
    [F_COMPRESSION] = {.name = NCL_STR("compression"),
                       .type = NCL_TYPE_ENUM,
                       .dflt = NCL_STR("none"),
                       .choices = NCL_ARRAY(compressions),
                       .doc = NCL_STR("zstd: each batch is a frame of its own behind its length, JSON too."),
                       .offset = offsetof(settings, compression)},
    [F_APPEND] = {.name = NCL_STR("append"),
                  .type = NCL_TYPE_BOOL,
                  .dflt = NCL_STR("false"),
                  .doc = NCL_STR("Keep what is in the file at the start; false = it is emptied."),
                  .offset = offsetof(settings, append)},
    [F_CREATE] = {.name = NCL_STR("create_directory"),
                  .type = NCL_TYPE_BOOL,
                  .dflt = NCL_STR("false"),
                  .doc = NCL_STR("Make the directories of the path that are not there."),
                  .offset = offsetof(settings, create_directory)},
    [F_PERMISSIONS] = {.name = NCL_STR("directory_permissions"),
                       .type = NCL_TYPE_STRING,
                       .dflt = NCL_STR("\"0755\""),
                       .doc = NCL_STR("Of directories that are made: octal digits."),
                       .offset = offsetof(settings, directory_permissions)},
    [F_FLUSH] = {.name = NCL_STR("flush_interval"),
                 .type = NCL_TYPE_DURATION,
                 .dflt = NCL_STR("1s"),
                 .max = INT64_MAX,
                 .doc = NCL_STR("Accepted for the Go collector's sake: here every batch is written at once."),
                 .offset = NCL_CONFIG_NO_OFFSET},
    [F_ROTATION] = {.name = NCL_STR("rotation"),
                    .type = NCL_TYPE_ANY,
                    .doc = NCL_STR("Not available in this version."),
                    .offset = NCL_CONFIG_NO_OFFSET},
    [F_GROUP_BY] = {.name = NCL_STR("group_by"),
                    .type = NCL_TYPE_ANY,
                    .doc = NCL_STR("Not available in this version."),
                    .offset = NCL_CONFIG_NO_OFFSET},
    [F_ENCODING] = {.name = NCL_STR("encoding"),
                    .type = NCL_TYPE_ANY,
                    .doc = NCL_STR("Not available in this version."),
                    .offset = NCL_CONFIG_NO_OFFSET},
};
static const ncl_array field_table = NCL_ARRAY(fields);

/* ---- memory ------------------------------------------------------------------------------------------ */

static void let_go(file *f) {
  if (atomic_fetch_sub(&f->holders, 1) > 1) return;
  (void)ncl_file_close(&f->disk);
  ncl_file_buffer_free(&f->buffer);
  free(f->disk.path);
  free(f);
}

/* What the buffer takes is known when a record has been made in it. Over the budget it is given back. */
static ncl_status charge(file *f) {
  int64_t bytes = (int64_t)ncl_file_buffer_size(&f->buffer);
  ncl_status status = f->host->memory_charge(f->me, bytes - f->charged);
  if (status == NCL_OK) {
    f->charged = bytes;
    return NCL_OK;
  }
  ncl_file_buffer_free(&f->buffer);
  f->buffer = (ncl_file_buffer){0};
  (void)f->host->memory_charge(f->me, -f->charged);
  f->charged = 0;
  return status;
}

/* ---- create ------------------------------------------------------------------------------------------ */

static const ncl_value *field_value(const ncl_create *create, uint32_t i) {
  return ncl_array_at(&create->config->children, i);
}

static uint32_t refuse(const ncl_create *create, uint32_t field, ncl_str message, ncl_str hint) {
  create->host->config_error(create->me, field_value(create, field), message, hint);
  return 0;
}

static uint32_t read_permissions(const file *f, mode_t *mode) {
  ncl_str text = f->settings.directory_permissions;
  mode_t value = 0;
  if (text.len == 0 || text.len > 5) return 0;
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '7') return 0;
    value = value * 8 + (mode_t)(text.ptr[i] - '0');
  }
  *mode = value;
  return value <= 07777;
}

static uint32_t check_settings(const ncl_create *create, file *f) {
  static const struct {
    uint32_t field;
    ncl_str hint;
  } absent[] = {{F_ROTATION, NCL_STR("remove this key; a tool like logrotate (copytruncate) can rotate the file")},
                {F_GROUP_BY, NCL_STR("remove this key")},
                {F_ENCODING, NCL_STR("remove this key; `format` knows json and proto")}};
  uint32_t good = 1;
  for (uint32_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
    if (!field_value(create, absent[i].field)->is_set) continue;
    good = refuse(create, absent[i].field, (ncl_str)NCL_STR("this is not available in this version"), absent[i].hint);
  }
  ncl_str path = f->settings.path;
  if (path.len == 0) {
    good = refuse(create, F_PATH, (ncl_str)NCL_STR("the path is empty"), (ncl_str)NCL_STR("name a file"));
  } else if (memchr(path.ptr, '\0', path.len) != NULL || path.len > 4000) {
    good = refuse(create, F_PATH, (ncl_str)NCL_STR("this cannot be a path"), (ncl_str){NULL, 0});
  } else if (path.ptr[path.len - 1] == '/') {
    good = refuse(create, F_PATH, (ncl_str)NCL_STR("the path is that of a directory"), (ncl_str)NCL_STR("name a file"));
  }
  if (!read_permissions(f, &f->disk.directory_mode)) {
    good = refuse(create, F_PERMISSIONS, (ncl_str)NCL_STR("these are no permissions"),
                  (ncl_str)NCL_STR("write them as octal digits: \"0755\""));
  }
  return good;
}

static ncl_status file_create(const ncl_create *create, void **self) {
  file *f = calloc(1, sizeof *f);
  if (f == NULL) return NCL_NO_MEMORY;
  f->host = create->host;
  f->me = create->me;
  f->disk.fd = -1;
  atomic_init(&f->holders, 1);
  ncl_status status = ncl_config_fill(create->config, &field_table, &f->settings);
  if (status == NCL_OK && !check_settings(create, f)) status = NCL_PERMANENT;
  if (status == NCL_OK) {
    f->disk.path = strndup(f->settings.path.ptr, f->settings.path.len);
    if (f->disk.path == NULL) status = NCL_NO_MEMORY;
  }
  if (status != NCL_OK) {
    let_go(f);
    return status;
  }
  f->format = (ncl_file_format){f->settings.format, f->settings.compression};
  f->disk.append = f->settings.append;
  f->disk.create_directory = f->settings.create_directory;
  f->disk.lines = ncl_file_is_lines(&f->format);
  f->written = f->host->metric(f->me, &metrics[0], NULL, 0);
  *self = f;
  return NCL_OK;
}

static ncl_status file_check(void *self) {
  file *f = self;
  if (ncl_file_look(&f->disk) == NCL_OK) return NCL_OK;
  f->host->config_error(
      f->me, NULL, ncl_str_of(f->disk.reason, strlen(f->disk.reason)),
      (ncl_str)NCL_STR("make the directory and let the collector write to it, or set create_directory"));
  return NCL_PERMANENT;
}

/* ---- the thread -------------------------------------------------------------------------------------- */

static ncl_status no_record(file *f, ncl_status status) {
  const char *reason = "no memory for a record";
  if (status == NCL_PERMANENT) reason = "the batch is larger than a record may be";
  if (status == NCL_UNSUPPORTED) reason = "OTLP/JSON is not defined for this signal";
  memcpy(f->disk.reason, reason, strlen(reason) + 1);
  return status == NCL_UNSUPPORTED ? NCL_PERMANENT : status;
}

static ncl_status write_record(file *f) {
  ncl_status status = ncl_file_finish(&f->buffer, &f->format);
  return status == NCL_OK ? ncl_file_write(&f->disk, f->buffer.ptr, f->buffer.len) : no_record(f, status);
}

/* Nothing of the host is used here: the thread may outlive the instance. */
static void work(void *arg) {
  file *f = arg;
  if (f->doing == OPENING) f->status = ncl_file_open(&f->disk);
  if (f->doing == WRITING) f->status = write_record(f);
  if (f->doing == CLOSING) f->status = ncl_file_close(&f->disk);
  let_go(f);
}

static void work_done(void *arg);

/* Has the thread do something. Anything but NCL_OK: it will not. */
static ncl_status begin(file *f, uint32_t what, ncl_token token) {
  f->doing = what;
  f->token = token;
  atomic_fetch_add(&f->holders, 1);
  ncl_status status = f->host->work(f->me, work, work_done, f);
  if (status == NCL_OK) return NCL_OK;
  atomic_fetch_sub(&f->holders, 1);
  f->doing = NOTHING;
  f->token = 0;
  return status;
}

/* ---- on the loop ------------------------------------------------------------------------------------- */

static ncl_str reason_of(const file *f) {
  return ncl_str_of(f->disk.reason, strlen(f->disk.reason));
}

/* Each change between writing and not writing is said once. */
static void say_written(file *f) {
  uint32_t failing = f->status != NCL_OK;
  if (!failing) f->host->metric_add(f->written, (int64_t)f->buffer.len);
  if (failing == f->failing) return;
  f->failing = failing;
  ncl_attr error = {.key = NCL_STR("error"), .type = NCL_ATTR_STR, .s = reason_of(f)};
  if (failing) {
    f->host->log(f->me, NCL_LOG_ERROR, (ncl_str)NCL_STR("file.failing"),
                 (ncl_str)NCL_STR("The file cannot be written. Refusing data until it can."), &error, 1);
    f->host->status(f->me, NCL_RETRYABLE, reason_of(f));
  } else {
    f->host->log(f->me, NCL_LOG_INFO, (ncl_str)NCL_STR("file.recovered"),
                 (ncl_str)NCL_STR("The file can be written again."), NULL, 0);
    f->host->status(f->me, NCL_OK, (ncl_str){NULL, 0});
  }
}

static void complete(file *f, ncl_token token, ncl_status status) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = status;
  if (status != NCL_OK) outcome.message = reason_of(f);
  if (token != 0) f->host->complete(f->me, token, &outcome);
}

static ncl_status close_file(file *f, ncl_token token) {
  if (f->disk.fd < 0) return NCL_OK;
  if (begin(f, CLOSING, token) == NCL_OK) return NCL_PENDING;
  return ncl_file_close(&f->disk);
}

static void work_done(void *arg) {
  file *f = arg;
  uint32_t what = f->doing;
  ncl_token token = f->token;
  f->doing = NOTHING;
  f->token = 0;
  if (what == WRITING) {
    say_written(f);
    ncl_file_buffer_trim(&f->buffer);
    (void)charge(f);
  }
  complete(f, token, f->status);
  ncl_token waiting = f->shutdown;
  if (what == CLOSING || waiting == 0) return;
  f->shutdown = 0;
  ncl_status status = close_file(f, waiting);
  if (status != NCL_PENDING) complete(f, waiting, status);
}

static ncl_status file_start(void *self, ncl_token token, ncl_outcome *outcome) {
  file *f = self;
  ncl_status status = begin(f, OPENING, token);
  if (status == NCL_OK) return NCL_PENDING;
  outcome->message = (ncl_str)NCL_STR("no thread to open the file");
  return status;
}

static ncl_status file_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  file *f = self;
  (void)deadline_ns;
  if (f->doing != NOTHING) {
    outcome->message = (ncl_str)NCL_STR("the disk has not answered yet to what was written before");
    return NCL_RETRYABLE;
  }
  ncl_status status = ncl_file_encode(&f->buffer, &f->format, item->batch);
  if (status == NCL_OK) status = charge(f);
  if (status != NCL_OK) {
    status = no_record(f, status);
    outcome->message = reason_of(f);
    return status;
  }
  status = begin(f, WRITING, token);
  if (status == NCL_OK) return NCL_PENDING;
  outcome->message = (ncl_str)NCL_STR("no thread to write the file");
  return status;
}

static void file_cancel(void *self, ncl_token token) {
  file *f = self;
  if (f->token == token) f->token = 0;
}

static ncl_status file_shutdown(void *self, ncl_token token, ncl_outcome *outcome) {
  file *f = self;
  if (f->doing != NOTHING) {
    f->shutdown = token;
    return NCL_PENDING;
  }
  ncl_status status = close_file(f, token);
  if (status != NCL_OK && status != NCL_PENDING) outcome->message = reason_of(f);
  return status;
}

static void file_destroy(void *self) {
  file *f = self;
  if (f->doing == NOTHING && f->charged > 0) (void)f->host->memory_charge(f->me, -f->charged);
  let_go(f);
}

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = file_create,
                                    .check = file_check,
                                    .start = file_start,
                                    .shutdown = file_shutdown,
                                    .destroy = file_destroy,
                                    .send = file_send,
                                    .cancel = file_cancel};

static const uint32_t signals[] = {NCL_SIGNAL_TRACES, NCL_SIGNAL_METRICS, NCL_SIGNAL_LOGS};

static const ncl_component_type components[] = {{
    .type = NCL_STR("file"),
    .kind = NCL_KIND_EXPORTER,
    .flags = NCL_COMPONENT_SHARED | NCL_COMPONENT_ORDERED | NCL_COMPONENT_DIRECT | NCL_COMPONENT_EXCLUSIVE,
    .doc = NCL_STR("Writes telemetry to a file, as OTLP JSON lines or length-delimited protobuf."),
    .signals = NCL_ARRAY(signals),
    .fields = NCL_ARRAY(fields),
    .methods = &methods,
    .metrics = NCL_ARRAY(metrics),
    .dflt_timeout = NCL_STR("0s"),
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-file-exporter"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
