/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/file/outlets.c: a list in the order of use. */
#include "outlets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static ncl_status drop(ncl_file_outlets *outlets, ncl_file_outlet **at, char reason[NCL_FILE_REASON_MAX]) {
  ncl_file_outlet *gone = *at;
  ncl_status status = ncl_file_close(&gone->disk);
  if (status != NCL_OK) memcpy(reason, gone->disk.reason, NCL_FILE_REASON_MAX);
  *at = gone->next;
  outlets->count--;
  free(gone->disk.path);
  free(gone);
  return status;
}

static ncl_file_outlet **last(ncl_file_outlets *outlets) {
  ncl_file_outlet **at = &outlets->first;
  while ((*at)->next != NULL)
    at = &(*at)->next;
  return at;
}

/* Errors that say something of the path, and nothing of the moment. */
static ncl_status class_of(int error) {
  switch (error) {
    case EISDIR:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EINVAL:
      return NCL_PERMANENT;
    default:
      return NCL_RETRYABLE;
  }
}

static ncl_file_outlet *find(ncl_file_outlets *outlets, const char *path) {
  for (ncl_file_outlet **at = &outlets->first; *at != NULL; at = &(*at)->next) {
    ncl_file_outlet *found = *at;
    if (strcmp(found->disk.path, path) != 0) continue;
    *at = found->next;
    found->next = outlets->first;
    outlets->first = found;
    return found;
  }
  return NULL;
}

/* What the oldest ones lose when they are closed was acknowledged before: all that is left to do is to say so. */
static void make_room(ncl_file_outlets *outlets) {
  while (outlets->first != NULL && outlets->count >= outlets->max)
    (void)drop(outlets, last(outlets), outlets->notice);
}

ncl_status ncl_file_outlets_open(ncl_file_outlets *outlets, const char *path, int64_t wall_ns,
                                 char reason[NCL_FILE_REASON_MAX]) {
  static const char no_memory[] = "no memory for another file";
  ncl_status status = NCL_NO_MEMORY;
  if (find(outlets, path) != NULL) return NCL_OK;
  make_room(outlets);
  ncl_file_outlet *made = calloc(1, sizeof *made);
  if (made == NULL) {
    memcpy(reason, no_memory, sizeof no_memory);
    return status;
  }
  made->disk = outlets->settings;
  made->disk.fd = -1;
  made->disk.path = strdup(path);
  if (made->disk.path != NULL) status = ncl_file_open(&made->disk, wall_ns);
  if (status == NCL_OK) {
    made->next = outlets->first;
    outlets->first = made;
    outlets->count++;
    return NCL_OK;
  }
  if (status == NCL_PERMANENT) {
    memcpy(reason, made->disk.reason, NCL_FILE_REASON_MAX);
    status = class_of(made->disk.error);
  } else {
    memcpy(reason, no_memory, sizeof no_memory);
  }
  free(made->disk.path);
  free(made);
  return status;
}

ncl_status ncl_file_outlets_write(ncl_file_outlets *outlets, const char *path, const uint8_t *record, size_t len,
                                  int64_t wall_ns, char reason[NCL_FILE_REASON_MAX]) {
  ncl_status status = ncl_file_outlets_open(outlets, path, wall_ns, reason);
  if (status != NCL_OK) return status;
  ncl_file_disk *disk = &outlets->first->disk;
  uint32_t before = disk->rotations;
  status = ncl_file_write(disk, record, len, wall_ns);
  outlets->rotations += disk->rotations - before;
  if (status != NCL_OK) memcpy(reason, disk->reason, NCL_FILE_REASON_MAX);
  if (disk->notice[0] != '\0') memcpy(outlets->notice, disk->notice, sizeof outlets->notice);
  disk->notice[0] = '\0';
  return status;
}

ncl_status ncl_file_outlets_reopen(ncl_file_outlets *outlets, int64_t wall_ns, char reason[NCL_FILE_REASON_MAX]) {
  ncl_status result = NCL_OK;
  for (ncl_file_outlet *at = outlets->first; at != NULL; at = at->next) {
    if (ncl_file_reopen(&at->disk, wall_ns) == NCL_OK || result != NCL_OK) continue;
    result = NCL_RETRYABLE;
    memcpy(reason, at->disk.reason, NCL_FILE_REASON_MAX);
  }
  return result;
}

ncl_status ncl_file_outlets_close(ncl_file_outlets *outlets, char reason[NCL_FILE_REASON_MAX]) {
  ncl_status result = NCL_OK;
  while (outlets->first != NULL) {
    ncl_status status = drop(outlets, &outlets->first, reason);
    if (result == NCL_OK) result = status;
  }
  return result;
}
