/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what comes through the control socket: frames of either side, questions, and the answers to them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/control/answer.h"
#include "core/control/tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A process without components, made once. */
static ncl_process *process_of(void) {
  static ncl_process *process;
  if (process != NULL) return process;
  ncl_logger_config config = NCL_LOGGER_CONFIG_INIT;
  config.level = NCL_LOG_ERROR;
  ncl_process_options options = {ncl_loop_new(), ncl_registry_new(NULL, 0), ncl_logger_new(&config), NULL};
  process = ncl_process_new(&options);
  if (process == NULL) abort();
  return process;
}

static void wake(void *arg) {
  (void)arg;
}

static void ask(ncl_range body) {
  static ncl_taps *taps;
  ncl_control_ask question;
  char why[512];
  size_t len;
  if (!ncl_control_ask_read(body, &question)) return;
  char *text = ncl_control_answer(process_of(), &question, &len, why, sizeof why);
  if (text == NULL && memchr(why, 0, sizeof why) == NULL) abort();
  free(text);
  ncl_logger_set_level(process_of()->logger, NCL_LOG_ERROR); /* nothing is to be written */
  if (taps == NULL) taps = ncl_taps_new(process_of());
  ncl_tap_options options = {ncl_control_ask_get(&question, "pipeline"), ncl_control_ask_get(&question, "component"), 0,
                             wake, NULL};
  ncl_tap_close(ncl_tap_open(taps, &options, why, sizeof why));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ncl_range rest = {data, size};
  ncl_control_frame frame;
  int64_t taken;
  while ((taken = ncl_control_frame_read(rest, NCL_CONTROL_ANSWER_MAX, &frame)) > 0) {
    ncl_control_batch batch;
    ncl_control_lost lost;
    ncl_range wire;
    if ((size_t)taken > rest.len) abort();
    ask(frame.body);
    (void)ncl_control_batch_read(frame.body, &batch, &wire);
    (void)ncl_control_lost_read(frame.body, &lost);
    rest.ptr += taken;
    rest.len -= (size_t)taken;
  }
  ask(rest);
  return 0;
}
