/* SPDX-License-Identifier: Apache-2.0 */
/* awsproxy.c: the extension awsproxy: a port whose requests are signed and forwarded to a service of AWS (nacelle/
 * aws_proxy.h), so that SDKs of X-Ray get their sampling rules without credentials of their own. */
#include <nacelle/aws_proxy.h>
#include <stdlib.h>

typedef struct awsproxy {
  const ncl_host *host;
  ncl_component *me;
  const ncl_value *config;
  ncl_aws_proxy_settings settings;
  ncl_aws_proxy *proxy;
  ncl_aws_probe *probe;
} awsproxy;

static ncl_status create_extension(const ncl_create *create, void **self) {
  awsproxy *a = calloc(1, sizeof *a);
  const ncl_array table = NCL_ARRAY(ncl_aws_proxy_fields);
  if (a == NULL) return NCL_NO_MEMORY;
  a->host = create->host;
  a->me = create->me;
  a->config = create->config;
  ncl_status status = ncl_config_fill(create->config, &table, &a->settings);
  if (status == NCL_OK) status = ncl_aws_proxy_check(create, create->config, &a->settings);
  if (status == NCL_OK) {
    *self = a;
  } else {
    free(a);
  }
  return status;
}

static ncl_status check(void *self) {
  const awsproxy *a = self;
  return ncl_tls_files_check(a->host, a->me, ncl_value_get(a->config, (ncl_str)NCL_STR("tls")));
}

static ncl_status probe(void *self, ncl_token token, ncl_outcome *outcome) {
  awsproxy *a = self;
  return ncl_aws_proxy_probe(a->host, a->me, a->config, &a->settings, &a->probe, token, outcome);
}

static ncl_status start(void *self, ncl_token token, ncl_outcome *outcome) {
  awsproxy *a = self;
  (void)token;
  a->proxy = ncl_aws_proxy_open(a->host, a->me, a->config, &a->settings, outcome);
  return a->proxy != NULL ? NCL_OK : outcome->status;
}

static ncl_status drain(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome) {
  awsproxy *a = self;
  (void)deadline_ns, (void)outcome;
  return ncl_aws_proxy_drain(a->proxy, token);
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  awsproxy *a = self;
  (void)token, (void)outcome;
  ncl_aws_probe_end(a->probe);
  a->probe = NULL;
  ncl_aws_proxy_close(a->proxy);
  a->proxy = NULL;
  return NCL_OK;
}

static void destroy(void *self) {
  (void)shut_down(self, 0, NULL);
  free(self);
}

static const void *publish(void *self, ncl_str name) {
  (void)self, (void)name;
  return NULL;
}

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = create_extension,
                                    .check = check,
                                    .probe = probe,
                                    .start = start,
                                    .drain = drain,
                                    .shutdown = shut_down,
                                    .destroy = destroy,
                                    .publish = publish};

static const ncl_metric_type metrics[] = {NCL_AWS_PROXY_METRIC};

static const ncl_component_type components[] = {
    {.type = NCL_STR("awsproxy"),
     .kind = NCL_KIND_EXTENSION,
     .doc = NCL_STR("Signs requests of local programs and forwards them to a service of AWS."),
     .fields = NCL_ARRAY(ncl_aws_proxy_fields),
     .methods = &methods,
     .metrics = NCL_ARRAY(metrics)},
};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-awsproxy"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
