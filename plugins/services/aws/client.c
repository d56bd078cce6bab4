/* SPDX-License-Identifier: Apache-2.0 */
/* client.c: what a client knows from its config, and what it finds at first need. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>

#include "partition.h"
#include "request.h"
#include "text.h"

/* ---- config ------------------------------------------------------------------------------------------ */

static bool is_url(ncl_str url) {
  bool has_scheme = ncl_aws_begins(url, "http://") || ncl_aws_begins(url, "https://");
  return has_scheme && ncl_aws_is_printable(url) && ncl_aws_find(url, ' ') == url.len && url.len < 400;
}

/* NULL, or what cannot be. */
static const char *mistake(const ncl_aws_client_config *config) {
  if (config->region.len > 0 && !ncl_aws_region_is_valid(config->region)) {
    return "the region has characters that no region has; write it as us-east-1";
  }
  if (config->sts_region.len > 0 && !ncl_aws_region_is_valid(config->sts_region)) {
    return "the STS region has characters that no region has; write it as us-east-1";
  }
  if (config->endpoint.len > 0 && !is_url(config->endpoint)) {
    return "the endpoint is no URL; write it as https://host:port";
  }
  if (config->sts_endpoint.len > 0 && !is_url(config->sts_endpoint)) {
    return "the STS endpoint is no URL; write it as https://host:port";
  }
  if (config->role_arn.len > 0 && !ncl_aws_begins(config->role_arn, "arn:")) {
    return "the role is no ARN; write it as arn:aws:iam::123456789012:role/name";
  }
  if (config->role_arn.len == 0 && (config->web_identity_token_file.len > 0 || config->external_id.len > 0)) {
    return "an external id or a web identity token is for a role: set its ARN, too";
  }
  if (!ncl_aws_is_printable(config->service) || config->service.len > 60 || config->endpoint_prefix.len > 60) {
    return "there is no such service";
  }
  return NULL;
}

#define CONFIG_TEXTS 14u

static void list_texts(ncl_aws_client_config *c, ncl_str *texts[CONFIG_TEXTS]) {
  ncl_str *all[CONFIG_TEXTS] = {&c->service,           &c->endpoint_prefix,
                                &c->service_id,        &c->region,
                                &c->endpoint,          &c->profile,
                                &c->role_arn,          &c->external_id,
                                &c->role_session_name, &c->web_identity_token_file,
                                &c->sts_region,        &c->sts_endpoint,
                                &c->proxy_url,         &c->user_agent};
  memcpy(texts, all, sizeof all);
}

static bool take_config(ncl_aws_client *client, const ncl_aws_client_config *config) {
  ncl_str *texts[CONFIG_TEXTS];
  size_t size = 1;
  client->config = *config;
  list_texts(&client->config, texts);
  for (size_t i = 0; i < CONFIG_TEXTS; i++)
    size += texts[i]->len;
  client->text = malloc(size);
  if (client->text == NULL) return false;
  char *at = client->text;
  for (size_t i = 0; i < CONFIG_TEXTS; i++) {
    if (texts[i]->len > 0) memcpy(at, texts[i]->ptr, texts[i]->len);
    *texts[i] = ncl_str_of(at, texts[i]->len);
    at += texts[i]->len;
  }
  return true;
}

static void take_switches(ncl_aws_client *client) {
  const ncl_aws_service *service = client->service;
  ncl_aws_client_config *config = &client->config;
  if (ncl_aws_is_name(ncl_aws_env(service, "AWS_USE_FIPS_ENDPOINT"), "true")) config->flags |= NCL_AWS_FIPS;
  if (ncl_aws_is_name(ncl_aws_env(service, "AWS_USE_DUALSTACK_ENDPOINT"), "true")) config->flags |= NCL_AWS_DUALSTACK;
  if ((config->flags & NCL_AWS_NO_VERIFY) != 0) {
    client->tls_members[0] =
        (ncl_value){.kind = NCL_VALUE_BOOL, .is_set = 1, .key = NCL_STR("insecure_skip_verify"), .i = 1};
    client->tls = (ncl_value){.kind = NCL_VALUE_MAP, .is_set = 1, .children = NCL_ARRAY(client->tls_members)};
    config->tls = &client->tls;
  } else if (config->tls == NULL) {
    config->tls = ncl_aws_tls(service);
  }
}

ncl_aws_client *ncl_aws_client_open(void *self, ncl_component *owner, const ncl_aws_client_config *config,
                                    ncl_outcome *outcome) {
  ncl_aws_service *service = self;
  const char *wrong = mistake(config);
  if (wrong != NULL) {
    (void)ncl_aws_fail(outcome, NCL_PERMANENT, ncl_aws_str(wrong));
    return NULL;
  }
  ncl_aws_client *client = calloc(1, sizeof *client);
  if (client == NULL || !take_config(client, config)) {
    free(client);
    (void)ncl_aws_fail(outcome, NCL_NO_MEMORY, ncl_aws_str("no memory for a client of AWS"));
    return NULL;
  }
  client->service = service;
  client->owner = owner;
  take_switches(client);
  client->next = service->clients;
  service->clients = client;
  return client;
}

void ncl_aws_client_close(ncl_aws_client *client) {
  if (client == NULL) return;
  ncl_aws_service *service = client->service;
  ncl_aws_requests_drop(service, client);
  ncl_aws_client **at = &service->clients;
  while (*at != client)
    at = &(*at)->next;
  *at = client->next;
  if (client->channel != NULL) service->http->close(client->channel);
  ncl_aws_provider_close(client->provider);
  free(client->text);
  free(client);
}

/* ---- the place --------------------------------------------------------------------------------------- */

static bool choose_endpoint(ncl_aws_client *client, ncl_str region) {
  const ncl_aws_client_config *config = &client->config;
  char id[64];
  ncl_str prefix = config->endpoint_prefix.len > 0 ? config->endpoint_prefix : config->service;
  client->endpoint[0] = '\0';
  if (prefix.len == 0 && config->endpoint.len == 0) return true;
  ncl_str service_id = config->service_id.len > 0 ? config->service_id : config->service;
  bool has_id = ncl_aws_service_id(service_id, id, sizeof id);
  ncl_str url = ncl_aws_configured_endpoint(client->service, has_id ? id : NULL, config->endpoint);
  if (url.len == 0) {
    return ncl_aws_endpoint(prefix, region, config->flags, client->endpoint, sizeof client->endpoint);
  }
  if (!is_url(url)) return false;
  while (url.len > 0 && url.ptr[url.len - 1] == '/')
    url.len--;
  (void)snprintf(client->endpoint, sizeof client->endpoint, "%.*s", NCL_AWS_FMT(url));
  return true;
}

bool ncl_aws_client_settle(ncl_aws_client *client, ncl_str region, const char *source) {
  if (!ncl_aws_region_is_valid(region) || !choose_endpoint(client, region)) return false;
  (void)snprintf(client->region, sizeof client->region, "%.*s", NCL_AWS_FMT(region));
  client->region_source = source;
  client->has_place = true;
  return true;
}

static bool find_in_profile(ncl_aws_client *client, ncl_str *region, char *into, size_t size) {
  ncl_aws_environment environment = ncl_aws_environment_of(client->service);
  ncl_aws_plan plan;
  bool ok = ncl_aws_plan_open(&plan, &environment, client->config.profile) == NCL_OK && plan.region.len > 0 &&
            plan.region.len < size;
  if (ok) {
    memcpy(into, plan.region.ptr, plan.region.len);
    *region = ncl_str_of(into, plan.region.len);
    (void)snprintf(client->profile_source, sizeof client->profile_source, "profile %.*s", NCL_AWS_FMT(plan.profile));
  }
  ncl_aws_plan_close(&plan);
  return ok;
}

/* What config, environment and files say. `source` NULL: nothing. */
static const char *find_here(ncl_aws_client *client, ncl_str *region, char *into, size_t size) {
  const ncl_aws_service *service = client->service;
  static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
  *region = client->config.region;
  if (region->len > 0) return "the config";
  for (size_t i = 0; i < 2; i++) {
    *region = ncl_aws_env(service, names[i]);
    if (region->len > 0) return names[i];
  }
  return find_in_profile(client, region, into, size) ? client->profile_source : NULL;
}

ncl_status ncl_aws_client_place(ncl_aws_client *client, ncl_aws_region_waiter *waiter, ncl_outcome *outcome) {
  char buffer[64];
  ncl_str region;
  if (client->has_place) return NCL_OK;
  const char *source = find_here(client, &region, buffer, sizeof buffer);
  if (source == NULL) {
    bool ask_ec2 = (client->config.flags & NCL_AWS_NO_IMDS) == 0;
    ncl_status status = ncl_aws_region_find(client->service, ask_ec2, waiter, &region, &source, outcome);
    if (status == NCL_RETRYABLE) {
      ncl_str why = outcome->message;
      return ncl_aws_failf(client->service, outcome, NCL_RETRYABLE,
                           "no AWS region: set `region` or AWS_REGION (neither AWS_REGION, AWS_DEFAULT_REGION nor the "
                           "profile has one; %.*s)",
                           NCL_AWS_FMT(why));
    }
    if (status != NCL_OK) return status;
  }
  if (ncl_aws_client_settle(client, region, source)) return NCL_OK;
  return ncl_aws_failf(client->service, outcome, NCL_PERMANENT, "%s: \"%.*s\" is no region, or the endpoint is no URL",
                       source, region.len < 80 ? (int)region.len : 80, region.ptr);
}

void ncl_aws_client_view(const ncl_aws_client *client, ncl_aws_place *place) {
  const ncl_aws_partition *partition = ncl_aws_partition_of(ncl_aws_str(client->region));
  *place = (ncl_aws_place){.struct_size = sizeof *place,
                           .region = ncl_aws_str(client->region),
                           .region_source = ncl_aws_str(client->region_source),
                           .partition = ncl_aws_str(partition->id),
                           .dns_suffix = ncl_aws_str(partition->dns_suffix),
                           .endpoint = ncl_aws_str(client->endpoint)};
}

/* ---- credentials and channel ------------------------------------------------------------------------- */

ncl_aws_provider *ncl_aws_client_provider(ncl_aws_client *client) {
  const ncl_aws_client_config *config = &client->config;
  if (client->provider != NULL) return client->provider;
  ncl_aws_provider_config wanted = {
      .profile = config->profile,
      .role = {.arn = config->role_arn,
               .external_id = config->external_id,
               .session_name = config->role_session_name,
               .token_file = config->web_identity_token_file},
      .sts_region = config->sts_region.len > 0 ? config->sts_region : ncl_aws_str(client->region),
      .sts_endpoint = config->sts_endpoint,
      .flags = config->flags & (NCL_AWS_FIPS | NCL_AWS_DUALSTACK)};
  client->provider = ncl_aws_provider_open(client->service, &wanted);
  return client->provider;
}

void ncl_aws_client_refresh(ncl_aws_client *client) {
  if (client->provider != NULL) (void)ncl_aws_provider_refused(client->provider, NULL);
}

ncl_http_channel *ncl_aws_client_channel(ncl_aws_client *client, ncl_outcome *outcome) {
  ncl_aws_service *service = client->service;
  const ncl_aws_client_config *config = &client->config;
  if (client->channel != NULL) return client->channel;
  ncl_http_channel_config channel = {
      .struct_size = sizeof channel,
      .tls = config->tls,
      .proxy_url = config->proxy_url,
      .max_connections = config->max_connections,
      .max_response = config->max_response,
      .user_agent = config->user_agent.len > 0 ? config->user_agent : ncl_aws_str(service->user_agent)};
  client->channel = service->http->open(service->http->self, client->owner, &channel, outcome);
  return client->channel;
}
