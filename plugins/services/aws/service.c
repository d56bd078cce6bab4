/* SPDX-License-Identifier: Apache-2.0 */
/* service.c: what all parts of the service use: environment, clocks, words, ways to HTTP. */
#include "service.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>

#include "text.h"

ncl_str ncl_aws_env(const ncl_aws_service *service, const char *name) {
  return service->host->environment(service->me, ncl_aws_str(name));
}

static ncl_str get_variable(void *arg, const char *name) {
  return ncl_aws_env(arg, name);
}

ncl_aws_environment ncl_aws_environment_of(ncl_aws_service *service) {
  return (ncl_aws_environment){get_variable, service};
}

ncl_str ncl_aws_configured_endpoint(const ncl_aws_service *service, const char *id, ncl_str config) {
  char name[96];
  ncl_str url = {NULL, 0};
  bool is_ignored = ncl_aws_is_name(ncl_aws_env(service, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true");
  if (!is_ignored && id != NULL && snprintf(name, sizeof name, "AWS_ENDPOINT_URL_%s", id) < (int)sizeof name) {
    url = ncl_aws_env(service, name);
  }
  if (url.len == 0) url = config;
  if (url.len == 0 && !is_ignored) url = ncl_aws_env(service, "AWS_ENDPOINT_URL");
  return url;
}

int64_t ncl_aws_now(const ncl_aws_service *service) {
  return service->host->now_ns(service->me);
}

int64_t ncl_aws_wall(const ncl_aws_service *service) {
  return service->host->wall_ns(service->me);
}

ncl_status ncl_aws_fail(ncl_outcome *outcome, ncl_status status, ncl_str words) {
  if (outcome != NULL) {
    outcome->status = status;
    outcome->message = words;
  }
  return status;
}

ncl_status ncl_aws_failf(ncl_aws_service *service, ncl_outcome *outcome, ncl_status status, const char *format, ...) {
  char words[sizeof service->words];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(words, sizeof words, format, args);
  va_end(args);
  /* An argument may be in the words that are there. */
  memcpy(service->words, words, sizeof words);
  return ncl_aws_fail(outcome, status, ncl_aws_str(service->words));
}

void ncl_aws_say(const ncl_aws_service *service, ncl_component *component, uint32_t level, const char *event,
                 const char *message, const char *key, ncl_str value) {
  ncl_attr attr = {.key = ncl_aws_str(key), .type = NCL_ATTR_STR, .s = value};
  service->host->log(component != NULL ? component : service->me, level, ncl_aws_str(event), ncl_aws_str(message),
                     &attr, 1);
}

uint64_t ncl_aws_random(void) {
  uint64_t number = 0;
  if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number) number = 0;
  return number;
}

const ncl_value *ncl_aws_tls(const ncl_aws_service *service) {
  return service->ca_bundle[0] != '\0' ? &service->ca_section : NULL;
}

ncl_http_channel *ncl_aws_way(ncl_aws_service *service, uint32_t way, ncl_outcome *outcome) {
  static const struct {
    const char *proxy;
    int64_t connect_ns;
  } ways[NCL_AWS_WAYS] = {{"none", NCL_AWS_SECOND_NS}, {"none", NCL_AWS_SECOND_NS}, {"", 5 * NCL_AWS_SECOND_NS}};
  if (service->ways[way] != NULL) return service->ways[way];
  ncl_http_channel_config config = {.struct_size = sizeof config,
                                    .tls = way != NCL_AWS_TO_METADATA ? ncl_aws_tls(service) : NULL,
                                    .proxy_url = ncl_aws_str(ways[way].proxy),
                                    .connect_timeout_ns = ways[way].connect_ns,
                                    .max_response = (uint64_t)1 << 20,
                                    .user_agent = ncl_aws_str(service->user_agent)};
  service->ways[way] = service->http->open(service->http->self, service->me, &config, outcome);
  return service->ways[way];
}
