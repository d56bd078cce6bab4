/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs, and the level of the log. */
#include "core/control/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const levels[] = {"debug", "info", "warn", "error", "none"};

static bool is_word(ncl_str text, const char *word) {
  return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

static char *fail(char *why, size_t size, const char *what) {
  (void)snprintf(why, size, "%s", what);
  return NULL;
}

static const char *level_name(uint32_t level) {
  return levels[level < NCL_LOG_ERROR + 1 ? level : NCL_LOG_ERROR + 1];
}

static char *keep(const char *text, size_t *len, char *why, size_t size) {
  char *copy = strdup(text);
  *len = copy == NULL ? 0 : strlen(copy);
  return copy != NULL ? copy : fail(why, size, "no memory");
}

static void say_changed(ncl_process *process, uint32_t before, uint32_t level) {
  ncl_attr attrs[] = {
      ncl_log_str("from", ncl_str_of(level_name(before), strlen(level_name(before)))),
      ncl_log_str("to", ncl_str_of(level_name(level), strlen(level_name(level)))),
  };
  ncl_logger_write(process->logger, NULL, NCL_LOG_INFO | NCL_LOG_ALWAYS, (ncl_str)NCL_STR("log.level"),
                   (ncl_str)NCL_STR("The level of the log was changed through the control socket."), attrs, 2);
}

static char *log_level(ncl_process *process, const ncl_control_ask *ask, size_t *len, char *why, size_t size) {
  ncl_str wanted = ncl_control_ask_get(ask, "level");
  uint32_t before = ncl_logger_level(process->logger);
  char text[64];
  if (wanted.len == 0) {
    (void)snprintf(text, sizeof text, "%s\n", level_name(before));
    return keep(text, len, why, size);
  }
  for (uint32_t level = 0; level <= NCL_LOG_ERROR; level++) {
    if (!is_word(wanted, levels[level])) continue;
    /* The line is written where either of the levels lets it. */
    if (level <= before) ncl_logger_set_level(process->logger, level);
    if (level != before) say_changed(process, before, level);
    ncl_logger_set_level(process->logger, level);
    (void)snprintf(text, sizeof text, "%s -> %s\n", level_name(before), levels[level]);
    return keep(text, len, why, size);
  }
  return fail(why, size, "the levels are debug, info, warn and error");
}

static char *status(const ncl_process *process, const ncl_control_ask *ask, size_t *len, char *why, size_t size) {
  bool json = is_word(ncl_control_ask_get(ask, "format"), "json");
  char *text = json ? ncl_control_status_json(process, len) : ncl_control_status_text(process, len);
  return text != NULL ? text : fail(why, size, "no memory");
}

char *ncl_control_answer(ncl_process *process, const ncl_control_ask *ask, size_t *len, char *why, size_t size) {
  *len = 0;
  if (is_word(ask->verb, "status")) return status(process, ask, len, why, size);
  if (is_word(ask->verb, "log-level")) return log_level(process, ask, len, why, size);
  return fail(why, size, "the running process does not know this: is it of another version than this program?");
}
