/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/aws_proxy.h: a port where programs without credentials of their own reach one service of AWS: each request is
 * signed and forwarded, as the X-Ray daemon does at TCP 2000. Part of the SDK, not of the ABI. */
#ifndef NACELLE_AWS_PROXY_H
#define NACELLE_AWS_PROXY_H

#include <nacelle/aws_probe.h>
#include <nacelle/config_fill.h>
#include <nacelle/http_server.h>
#include <nacelle/plugin.h>
#include <nacelle/tls_client_fields.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Limits. */
#define NCL_AWS_PROXY_REQUESTS 64u              /* under way at once; beyond: 503 */
#define NCL_AWS_PROXY_BODY ((uint64_t)4 << 20)  /* bytes of a request; beyond: 413. X-Ray's own limit is below that */
#define NCL_AWS_PROXY_REPLY ((uint64_t)8 << 20) /* bytes of an answer; beyond: 502 */
#define NCL_AWS_PROXY_CONNECTIONS 256u
#define NCL_AWS_PROXY_TIMEOUT_NS INT64_C(30000000000) /* until an answer is whole; beyond: 504 */

/* Filled in with ncl_config_fill; the keys of contrib's awsproxy. */
typedef struct ncl_aws_proxy_settings {
  ncl_str endpoint;
  ncl_str proxy_address;
  ncl_str region;
  ncl_str role_arn;
  ncl_str aws_endpoint;
  ncl_str service_name;
  int64_t local_mode;
} ncl_aws_proxy_settings;

#define NCL_AWS_PROXY_FIELD(n, t, d, text, member)                           \
  .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text), \
  .offset = offsetof(ncl_aws_proxy_settings, member)

static const ncl_field ncl_aws_proxy_dialer_fields[] = {
    {.name = NCL_STR("timeout"),
     .type = NCL_TYPE_DURATION,
     .dflt = NCL_STR("0s"),
     .doc = NCL_STR("Of use to clients only: without effect."),
     .offset = NCL_CONFIG_NO_OFFSET},
};

/* The table of a component that is a proxy, or of a section of another. */
static const ncl_field ncl_aws_proxy_fields[] = {
    {NCL_AWS_PROXY_FIELD("endpoint", NCL_TYPE_STRING, "localhost:2000", "host:port where programs send to.", endpoint),
     .flags = NCL_FIELD_LISTENS},
    {.name = NCL_STR("dialer"),
     .type = NCL_TYPE_SECTION,
     .doc = NCL_STR("Of use to clients only: without effect."),
     .fields = NCL_ARRAY(ncl_aws_proxy_dialer_fields),
     .offset = NCL_CONFIG_NO_OFFSET},
    {NCL_AWS_PROXY_FIELD("proxy_address", NCL_TYPE_STRING, "",
                         "HTTP proxy towards AWS; empty = from HTTP_PROXY, HTTPS_PROXY and NO_PROXY, none = no proxy.",
                         proxy_address),
     .flags = NCL_FIELD_SECRET},
    {.name = NCL_STR("tls"),
     .type = NCL_TYPE_SECTION,
     .doc = NCL_STR("TLS towards AWS; insecure: true believes any certificate, as in the Go collector's proxy."),
     .fields = NCL_ARRAY(ncl_tls_client_fields),
     .offset = NCL_CONFIG_NO_OFFSET},
    {NCL_AWS_PROXY_FIELD("region", NCL_TYPE_STRING, "",
                         "Region; empty = of the environment, the profile, the ECS task, EC2.", region)},
    {NCL_AWS_PROXY_FIELD("role_arn", NCL_TYPE_STRING, "",
                         "Role that is assumed with the credentials of the environment.", role_arn)},
    {NCL_AWS_PROXY_FIELD("aws_endpoint", NCL_TYPE_STRING, "", "URL of the service; empty = that of the region.",
                         aws_endpoint)},
    {NCL_AWS_PROXY_FIELD("local_mode", NCL_TYPE_BOOL, "false", "The region is not asked of EC2's metadata.",
                         local_mode)},
    {NCL_AWS_PROXY_FIELD("service_name", NCL_TYPE_STRING, "xray",
                         "Service that requests are forwarded to, as signatures name it.", service_name)},
};

/* What a proxy counts, for the component's table of metrics. */
#define NCL_AWS_PROXY_METRIC                                                                                           \
  {                                                                                                                    \
    .name = NCL_STR("proxied_requests"), .type = NCL_METRIC_COUNTER, .unit = NCL_STR("{request}"),                     \
    .doc =                                                                                                             \
        NCL_STR("Requests that came to the proxy: answered by AWS (with any status), failed on the way, or refused."), \
    .labels = NCL_STR("outcome")                                                                                       \
  }

/* [create] Reports what is wrong with the section, whose settings were filled in. NCL_OK, NCL_PERMANENT. */
ncl_status ncl_aws_proxy_check(const ncl_create *create, const ncl_value *section,
                               const ncl_aws_proxy_settings *settings);

typedef struct ncl_aws_proxy ncl_aws_proxy;

/* [loop] [started] Listens. Settings and section live as long as it. AWS is first asked when the first request comes.
 * NULL with the reason, and a status other than NCL_OK, in *outcome. */
ncl_aws_proxy *ncl_aws_proxy_open(const ncl_host *host, ncl_component *me, const ncl_value *section,
                                  const ncl_aws_proxy_settings *settings, ncl_outcome *outcome);
/* [any] The client that it opens. What it points to lives as long as section and settings. */
ncl_aws_client_config ncl_aws_proxy_client(const ncl_value *section, const ncl_aws_proxy_settings *settings);
/* [loop] For the slot `probe`: as ncl_aws_probe_begin, with the permissions that SDKs of X-Ray need. */
ncl_status ncl_aws_proxy_probe(const ncl_host *host, ncl_component *me, const ncl_value *section,
                               ncl_aws_proxy_settings *settings, ncl_aws_probe **probe, ncl_token token,
                               ncl_outcome *outcome);
/* [loop] Where it listens. Lives as long as the proxy. */
ncl_str ncl_aws_proxy_endpoint(const ncl_aws_proxy *proxy);
/* [loop] Takes nothing new, and completes `token` once requests under way have their answers. NCL_PENDING; NCL_OK:
 * nothing is open. */
ncl_status ncl_aws_proxy_drain(ncl_aws_proxy *proxy, ncl_token token);
/* [loop] Ends it at once. NULL is ignored. */
void ncl_aws_proxy_close(ncl_aws_proxy *proxy);

#ifdef __cplusplus
}
#endif
#endif
