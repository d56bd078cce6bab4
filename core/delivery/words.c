/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/words.c: what an exporter's log says of its work: the first success, every change between working and
 * failing, what is tried again and what is lost; never a line for each batch. */
#include <inttypes.h>
#include <stdio.h>

#include "core/delivery/queue.h"

#define SECOND_NS INT64_C(1000000000)
#define FAILURES_UNTIL_SAID 2u /* items in a row: one bad item says nothing of the backend */

static void say(ncl_delivery *d, uint32_t level, ncl_str event, ncl_str message, const ncl_attr *attrs,
                uint32_t count) {
  d->port.host->log(d->port.exporter, level, event, message, attrs, count);
}

static ncl_attr text(ncl_str key, ncl_str value) {
  return (ncl_attr){.key = key, .type = NCL_ATTR_STR, .s = value};
}

static const ncl_str error_key = NCL_STR("error");

ncl_str ncl_delivery_words(const ncl_outcome *outcome) {
  static const ncl_str no_message = NCL_STR("no reason was given");
  return outcome->message.len > 0 ? outcome->message : no_message;
}

void ncl_delivery_say_lost(ncl_delivery *d, const ncl_delivery_loss *loss) {
  if (d->events.lost != NULL) {
    d->events.lost(d->events.arg, loss);
    return;
  }
  ncl_attr attrs[] = {text(error_key, loss->error),
                      text((ncl_str)NCL_STR("reason"), loss->reason),
                      {.key = loss->key, .type = NCL_ATTR_INT, .i = (int64_t)loss->items}};
  say(d, NCL_LOG_ERROR, loss->event, loss->message, attrs, 3);
}

void ncl_delivery_say_dropped(ncl_delivery *d, ncl_str message, ncl_str reason, ncl_str error, uint64_t items) {
  ncl_delivery_loss loss = {.event = NCL_STR("export.dropped"),
                            .message = message,
                            .key = NCL_STR("dropped_items"),
                            .reason = reason,
                            .error = error,
                            .items = items};
  ncl_delivery_say_lost(d, &loss);
}

void ncl_delivery_say_retry(ncl_delivery *d, ncl_str error, int64_t delay_ns) {
  char delay[32];
  int n =
      snprintf(delay, sizeof delay, "%" PRId64 ".%03" PRId64 "s", delay_ns / SECOND_NS, delay_ns % SECOND_NS / 1000000);
  ncl_attr attrs[] = {text(error_key, error),
                      text((ncl_str)NCL_STR("interval"), ncl_str_of(delay, n > 0 ? (size_t)n : 0))};
  say(d, NCL_LOG_WARN, (ncl_str)NCL_STR("export.retry"),
      (ncl_str)NCL_STR("Exporting failed. Will retry the request after interval."), attrs, 2);
}

void ncl_delivery_say_works(ncl_delivery *d) {
  ncl_delivery_state_said before = d->said;
  d->bad_in_row = 0;
  d->said = NCL_DELIVERY_WORKS;
  if (before == NCL_DELIVERY_FAILS) {
    say(d, NCL_LOG_INFO, (ncl_str)NCL_STR("export.recovered"),
        (ncl_str)NCL_STR("The export works again: the backend takes what is sent."), NULL, 0);
  } else if (before == NCL_DELIVERY_UNSAID) {
    say(d, NCL_LOG_INFO, (ncl_str)NCL_STR("export.first_success"), (ncl_str)NCL_STR("First export succeeded."), NULL,
        0);
  }
}

void ncl_delivery_say_fails(ncl_delivery *d, ncl_str error) {
  if (++d->bad_in_row < FAILURES_UNTIL_SAID || d->said == NCL_DELIVERY_FAILS) return;
  d->said = NCL_DELIVERY_FAILS;
  ncl_attr attr = text(error_key, error);
  say(d, NCL_LOG_WARN, (ncl_str)NCL_STR("export.failing"),
      (ncl_str)NCL_STR("The export fails: the backend does not take what is sent."), &attr, 1);
}
