/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/file: one record a batch, appended to a file by a thread that may wait; one record at a time, in order.
 * With group_by a batch is one record for each file that its resources belong to. */
#include <errno.h>
#include <nacelle/config_fill.h>
#include <nacelle/nacelle.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "groups.h"
#include "outlets.h"
#include "record.h"
#include "settings.h"

/* What the thread is doing. */
enum { NOTHING, OPENING, WRITING, REOPENING, CLOSING };

/* The thread and the instance each hold it while something is under way, so that whoever is last frees it: the host may
 * destroy the instance while a disk does not answer. */
typedef struct file {
  const ncl_host *host;
  ncl_component *me;
  ncl_file_settings settings;
  ncl_file_format format;
  atomic_uint holders;
  int64_t charged; /* bytes of `buffer`, to the host */
  ncl_metric *written;
  ncl_metric *rotated;
  uint32_t rotations; /* that were counted */
  bool failing;       /* the last record could not be written */
  bool refresh;       /* paths are to be looked at before the next record */

  /* The thread's while something is under way. */
  uint32_t doing;
  bool looks; /* at paths, first */
  ncl_file_buffer buffer;
  ncl_file_outlets outlets;
  char path[NCL_FILE_PATH_MAX];
  int64_t wall_ns;
  ncl_status status;
  char reason[NCL_FILE_REASON_MAX];

  ncl_token token;    /* to complete when it is done; 0 = nobody waits any more */
  ncl_token shutdown; /* waits until nothing is under way */
  uint32_t signal;
  ncl_file_groups groups;          /* of the batch that is being written, with group_by */
  char later[NCL_FILE_REASON_MAX]; /* why parts of it could not be written now */
  const ncl_batch *held;           /* that came while the file was opened again; the next one comes after it */
  ncl_token held_token;
} file;

enum { WRITTEN_BYTES, ROTATIONS };

static const ncl_metric_type metrics[] = {
    [WRITTEN_BYTES] = {.name = NCL_STR("written_bytes"),
                       .type = NCL_METRIC_COUNTER,
                       .unit = NCL_STR("By"),
                       .doc = NCL_STR("Bytes of whole records that were written.")},
    [ROTATIONS] = {.name = NCL_STR("rotations"),
                   .type = NCL_METRIC_COUNTER,
                   .unit = NCL_STR("{files}"),
                   .doc = NCL_STR("Files that were full and moved away.")},
};

/* ---- memory ------------------------------------------------------------------------------------------ */

static void let_go(file *f) {
  if (atomic_fetch_sub(&f->holders, 1) > 1) return;
  (void)ncl_file_outlets_close(&f->outlets, f->reason);
  ncl_file_buffer_free(&f->buffer);
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

static void prepare_files(file *f) {
  const ncl_file_settings *s = &f->settings;
  ncl_file_disk *disk = &f->outlets.settings;
  disk->append = s->append || s->groups; /* a file that was closed meanwhile is not to be emptied */
  disk->create_directory = s->create_directory || s->groups;
  disk->directory_mode = s->directory_mode;
  disk->lines = ncl_file_is_lines(&f->format);
  disk->rotation = (ncl_file_rotation){.max_bytes = s->rotates ? (off_t)s->max_megabytes << 20 : 0,
                                       .max_days = s->max_days,
                                       .max_backups = s->max_backups,
                                       .localtime = s->localtime};
  f->outlets.max = s->groups ? (uint32_t)s->max_open_files : 1;
  (void)snprintf(f->path, sizeof f->path, "%.*s", (int)s->path.len, s->path.ptr);
}

static ncl_status file_create(const ncl_create *create, void **self) {
  file *f = calloc(1, sizeof *f);
  if (f == NULL) return NCL_NO_MEMORY;
  f->host = create->host;
  f->me = create->me;
  atomic_init(&f->holders, 1);
  ncl_status status = ncl_file_settings_read(create, &f->settings);
  if (status != NCL_OK) {
    let_go(f);
    return status;
  }
  f->format = (ncl_file_format){f->settings.format, f->settings.compression == 1};
  prepare_files(f);
  f->written = f->host->metric(f->me, &metrics[WRITTEN_BYTES], NULL, 0);
  f->rotated = f->host->metric(f->me, &metrics[ROTATIONS], NULL, 0);
  *self = f;
  return NCL_OK;
}

static ncl_status file_check(void *self) {
  file *f = self;
  ncl_file_disk disk = f->outlets.settings;
  char path[NCL_FILE_PATH_MAX];
  (void)snprintf(path, sizeof path, "%s", f->path);
  char *star = f->settings.groups ? strchr(path, '*') : NULL;
  if (star != NULL) *star = '\0';
  disk.path = path;
  if (ncl_file_look(&disk) == NCL_OK) return NCL_OK;
  if (star != NULL && disk.error == EISDIR) return NCL_OK;
  f->host->config_error(
      f->me, NULL, ncl_str_of(disk.reason, strlen(disk.reason)),
      (ncl_str)NCL_STR("make the directory and let the collector write to it, or set create_directory"));
  return NCL_PERMANENT;
}

/* ---- the thread -------------------------------------------------------------------------------------- */

static ncl_status no_record(file *f, ncl_status status) {
  const char *reason = "no memory for a record";
  if (status == NCL_PERMANENT) reason = "the batch is larger than a record may be";
  if (status == NCL_UNSUPPORTED) reason = "OTLP/JSON is not defined for this signal";
  if (status == NCL_RETRYABLE)
    reason = "compression: zstd needs libzstd.so.1, which is not installed (package libzstd1)";
  memcpy(f->reason, reason, strlen(reason) + 1);
  return status == NCL_UNSUPPORTED ? NCL_PERMANENT : status;
}

static ncl_status write_record(file *f) {
  ncl_status status = ncl_file_finish(&f->buffer, &f->format);
  if (status != NCL_OK) return no_record(f, status);
  return ncl_file_outlets_write(&f->outlets, f->path, f->buffer.ptr, f->buffer.len, f->wall_ns, f->reason);
}

/* A file that cannot be opened at the start is a mistake in the config. */
static ncl_status open_first(file *f) {
  ncl_status status = ncl_file_outlets_open(&f->outlets, f->path, f->wall_ns, f->reason);
  return status == NCL_RETRYABLE ? NCL_PERMANENT : status;
}

/* Nothing of the host is used here: the thread may outlive the instance. */
static void work(void *arg) {
  file *f = arg;
  if (f->looks && ncl_file_outlets_reopen(&f->outlets, f->wall_ns, f->reason) != NCL_OK) {
    memcpy(f->outlets.notice, f->reason, sizeof f->outlets.notice);
  }
  f->status = NCL_OK;
  if (f->doing == OPENING) f->status = open_first(f);
  if (f->doing == WRITING) f->status = write_record(f);
  if (f->doing == CLOSING) f->status = ncl_file_outlets_close(&f->outlets, f->reason);
  let_go(f);
}

static void work_done(void *arg);

/* Has the thread do something. Anything but NCL_OK: it will not. */
static ncl_status begin(file *f, uint32_t what, ncl_token token) {
  f->doing = what;
  f->token = token;
  f->wall_ns = f->host->wall_ns(f->me);
  f->looks = f->refresh && what != CLOSING;
  atomic_fetch_add(&f->holders, 1);
  ncl_status status = f->host->work(f->me, work, work_done, f);
  if (status == NCL_OK) {
    if (f->looks) f->refresh = false;
    return NCL_OK;
  }
  atomic_fetch_sub(&f->holders, 1);
  f->doing = NOTHING;
  f->token = 0;
  return status;
}

/* ---- what is said ------------------------------------------------------------------------------------ */

static ncl_str reason_of(const file *f) {
  return ncl_str_of(f->reason, strlen(f->reason));
}

/* Each change between writing and not writing is said once. */
static void say_failing(file *f, bool failing) {
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

/* What the thread has found out besides. */
static void say_upkeep(file *f) {
  ncl_file_outlets *outlets = &f->outlets;
  if (outlets->rotations != f->rotations) {
    const ncl_attr path = {.key = NCL_STR("path"), .type = NCL_ATTR_STR, .s = {f->path, strlen(f->path)}};
    f->host->metric_add(f->rotated, (int64_t)(outlets->rotations - f->rotations));
    f->rotations = outlets->rotations;
    f->host->log(f->me, NCL_LOG_INFO, (ncl_str)NCL_STR("file.rotated"),
                 (ncl_str)NCL_STR("The file was full and has been moved away; a new one was begun."), &path, 1);
  }
  if (outlets->notice[0] == '\0') return;
  const ncl_attr error = {
      .key = NCL_STR("error"), .type = NCL_ATTR_STR, .s = {outlets->notice, strlen(outlets->notice)}};
  f->host->log(f->me, NCL_LOG_WARN, (ncl_str)NCL_STR("file.upkeep_failed"),
               (ncl_str)NCL_STR("A file could not be looked after; records are written all the same."), &error, 1);
  outlets->notice[0] = '\0';
}

/* ---- one batch --------------------------------------------------------------------------------------- */

static void complete(file *f, ncl_token token, ncl_status status) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = status;
  if (status != NCL_OK) outcome.message = reason_of(f);
  if (token != 0) f->host->complete(f->me, token, &outcome);
}

/* Makes the record and has it written. NCL_OK: the thread is at it. */
static ncl_status write_batch(file *f, const ncl_batch *batch, ncl_token token) {
  static const char no_thread[] = "no thread to write the file";
  ncl_status status = ncl_file_encode(&f->buffer, &f->format, batch);
  if (status == NCL_OK) status = charge(f);
  if (status != NCL_OK) return no_record(f, status);
  status = begin(f, WRITING, token);
  if (status != NCL_OK) memcpy(f->reason, no_thread, sizeof no_thread);
  return status;
}

static void settle(file *f, ncl_status status) {
  uint32_t state = NCL_FILE_WRITTEN;
  if (status != NCL_OK) state = status == NCL_PERMANENT ? NCL_FILE_HOPELESS : NCL_FILE_LATER;
  if (state == NCL_FILE_LATER) memcpy(f->later, f->reason, sizeof f->later);
  ncl_file_groups_settle(&f->groups, state);
}

/* All parts have been tried: the sender hears what became of them. */
static void end_groups(file *f, ncl_token token) {
  static const ncl_str no_segment = NCL_STR(
      "resources without the attribute that group_by names, or with files that "
      "cannot be written");
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  const ncl_batch *later = ncl_file_groups_batch(&f->groups, f->host, f->me, NCL_FILE_LATER);
  uint64_t waits = ncl_file_groups_items(&f->groups, NCL_FILE_LATER);
  uint64_t lost =
      ncl_file_groups_items(&f->groups, NCL_FILE_NAMELESS) + ncl_file_groups_items(&f->groups, NCL_FILE_HOPELESS);
  if (waits > 0) {
    outcome.status = NCL_RETRYABLE;
    outcome.message = ncl_str_of(f->later, strlen(f->later));
    outcome.remainder = later;
  } else if (lost > 0) {
    outcome.message = no_segment;
  }
  outcome.rejected = lost;
  outcome.reason = (ncl_str)NCL_STR("no_file");
  if (token != 0) f->host->complete(f->me, token, &outcome);
  f->host->batch_release(later);
  ncl_file_groups_end(&f->groups, f->host);
}

/* Goes on with the next part. When there is none, or nobody waits any more, the batch is through. */
static void next_part(file *f, ncl_token token) {
  while (token != 0) {
    const ncl_batch *part;
    ncl_str segment;
    ncl_status status = ncl_file_groups_next(&f->groups, f->host, f->me, &part, &segment);
    if (status == NCL_OK && part == NULL) break;
    if (status != NCL_OK) {
      (void)no_record(f, status);
    } else if (!ncl_file_path_of(f->settings.path, segment, f->path)) {
      status = NCL_PERMANENT;
      (void)snprintf(f->reason, sizeof f->reason, "the value of %.*s makes no path",
                     (int)f->settings.group_attribute.len, f->settings.group_attribute.ptr);
    } else {
      status = write_batch(f, part, token);
    }
    f->host->batch_release(part);
    if (status == NCL_OK) return;
    settle(f, status);
  }
  end_groups(f, token);
}

/* ---- on the loop ------------------------------------------------------------------------------------- */

static ncl_status close_files(file *f, ncl_token token) {
  if (f->outlets.count == 0) return NCL_OK;
  if (begin(f, CLOSING, token) == NCL_OK) return NCL_PENDING;
  return ncl_file_outlets_close(&f->outlets, f->reason);
}

static void after_writing(file *f, ncl_token token) {
  if (f->status == NCL_OK) f->host->metric_add(f->written, (int64_t)f->buffer.len);
  ncl_file_buffer_trim(&f->buffer);
  (void)charge(f);
  if (f->groups.batch == NULL) {
    say_failing(f, f->status != NCL_OK);
    complete(f, token, f->status);
    return;
  }
  /* A file that can never be written is that resource's trouble, not the exporter's. */
  if (f->status != NCL_PERMANENT) say_failing(f, f->status != NCL_OK);
  settle(f, f->status);
  next_part(f, token);
}

/* Has a batch written. NCL_PENDING, or an error with f->reason. */
static ncl_status take(file *f, const ncl_batch *batch, ncl_token token) {
  f->signal = batch->signal;
  if (!f->settings.groups) {
    ncl_status status = write_batch(f, batch, token);
    return status == NCL_OK ? NCL_PENDING : status;
  }
  ncl_status status = ncl_file_groups_begin(&f->groups, f->host, batch, f->settings.group_attribute);
  if (status != NCL_OK) return no_record(f, status);
  next_part(f, token);
  return NCL_PENDING;
}

static void take_held(file *f) {
  const ncl_batch *batch = f->held;
  ncl_token token = f->held_token;
  f->held = NULL;
  f->held_token = 0;
  if (token != 0) {
    ncl_status status = take(f, batch, token);
    if (status != NCL_PENDING) complete(f, token, status);
  }
  f->host->batch_release(batch);
}

static void work_done(void *arg) {
  file *f = arg;
  uint32_t what = f->doing;
  ncl_token token = f->token;
  f->doing = NOTHING;
  f->token = 0;
  say_upkeep(f);
  if (what == WRITING) {
    after_writing(f, token);
  } else {
    complete(f, token, f->status);
  }
  if (f->doing == NOTHING && f->held != NULL) take_held(f);
  if (f->doing != NOTHING) return;
  ncl_token waiting = f->shutdown;
  if (what != CLOSING && waiting != 0) {
    f->shutdown = 0;
    ncl_status status = close_files(f, waiting);
    if (status != NCL_PENDING) complete(f, waiting, status);
  } else if (what != CLOSING && f->refresh) {
    (void)begin(f, REOPENING, 0);
  }
}

static ncl_status file_start(void *self, ncl_token token, ncl_outcome *outcome) {
  file *f = self;
  if (f->settings.groups) return NCL_OK; /* which files there are is not known yet */
  ncl_status status = begin(f, OPENING, token);
  if (status == NCL_OK) return NCL_PENDING;
  outcome->message = (ncl_str)NCL_STR("no thread to open the file");
  return status;
}

static ncl_status file_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  file *f = self;
  (void)deadline_ns;
  if (f->doing == REOPENING && f->held == NULL) {
    f->host->batch_retain(item->batch);
    f->held = item->batch;
    f->held_token = token;
    return NCL_PENDING;
  }
  if (f->doing != NOTHING) {
    outcome->message = (ncl_str)NCL_STR("the disk has not answered yet to what was written before");
    return NCL_RETRYABLE;
  }
  ncl_status status = take(f, item->batch, token);
  if (status != NCL_PENDING) outcome->message = reason_of(f);
  return status;
}

static void file_cancel(void *self, ncl_token token) {
  file *f = self;
  if (f->token == token) f->token = 0;
  if (f->held_token == token) f->held_token = 0;
}

static void file_refresh(void *self) {
  file *f = self;
  f->refresh = true;
  if (f->doing == NOTHING) (void)begin(f, REOPENING, 0);
}

static ncl_status file_shutdown(void *self, ncl_token token, ncl_outcome *outcome) {
  file *f = self;
  if (f->doing != NOTHING) {
    f->shutdown = token;
    return NCL_PENDING;
  }
  ncl_status status = close_files(f, token);
  if (status != NCL_OK && status != NCL_PENDING) outcome->message = reason_of(f);
  return status;
}

static void file_destroy(void *self) {
  file *f = self;
  if (f->doing == NOTHING && f->charged > 0) (void)f->host->memory_charge(f->me, -f->charged);
  ncl_file_groups_end(&f->groups, f->host);
  f->host->batch_release(f->held);
  let_go(f);
}

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = file_create,
                                    .check = file_check,
                                    .start = file_start,
                                    .refresh = file_refresh,
                                    .shutdown = file_shutdown,
                                    .destroy = file_destroy,
                                    .send = file_send,
                                    .cancel = file_cancel};

static const uint32_t signals[] = {NCL_SIGNAL_TRACES, NCL_SIGNAL_METRICS, NCL_SIGNAL_LOGS};

static const ncl_component_type components[] = {{
    .type = NCL_STR("file"),
    .kind = NCL_KIND_EXPORTER,
    .flags = NCL_COMPONENT_SHARED | NCL_COMPONENT_ORDERED | NCL_COMPONENT_DIRECT | NCL_COMPONENT_EXCLUSIVE,
    .doc = NCL_STR("Writes telemetry to files, as OTLP JSON lines or length-delimited protobuf."),
    .signals = NCL_ARRAY(signals),
    .fields = NCL_ARRAY(ncl_file_fields),
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
