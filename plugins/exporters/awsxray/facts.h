/* SPDX-License-Identifier: Apache-2.0 */
/* facts.h: the attributes of a span or a resource that have a meaning for X-Ray, each found by one look. */
#ifndef NCL_XRAY_FACTS_H
#define NCL_XRAY_FACTS_H

#include <nacelle/otlp_read.h>
#include <stdbool.h>
#include <string.h>

/* Place, key, and who takes it: what nobody takes becomes an annotation or metadata. */
#define NCL_XRAY_FACTS(X)                                          \
  X(HTTP_METHOD, "http.method", HTTP)                              \
  X(HTTP_REQUEST_METHOD, "http.request.method", HTTP)              \
  X(HTTP_CLIENT_IP, "http.client_ip", HTTP)                        \
  X(CLIENT_ADDRESS, "client.address", HTTP)                        \
  X(HTTP_USER_AGENT, "http.user_agent", HTTP)                      \
  X(USER_AGENT_ORIGINAL, "user_agent.original", HTTP)              \
  X(HTTP_STATUS_CODE, "http.status_code", HTTP)                    \
  X(HTTP_RESPONSE_STATUS, "http.response.status_code", HTTP)       \
  X(HTTP_URL, "http.url", HTTP)                                    \
  X(URL_FULL, "url.full", HTTP)                                    \
  X(HTTP_SCHEME, "http.scheme", HTTP)                              \
  X(URL_SCHEME, "url.scheme", HTTP)                                \
  X(HTTP_HOST, "http.host", HTTP)                                  \
  X(HTTP_TARGET, "http.target", HTTP)                              \
  X(URL_PATH, "url.path", HTTP)                                    \
  X(URL_QUERY, "url.query", HTTP)                                  \
  X(HTTP_SERVER_NAME, "http.server_name", HTTP)                    \
  X(NET_HOST_PORT, "net.host.port", HTTP)                          \
  X(NET_HOST_NAME, "net.host.name", HTTP)                          \
  X(HOST_NAME, "host.name", HTTP)                                  \
  X(NET_PEER_NAME, "net.peer.name", HTTP)                          \
  X(NET_PEER_PORT, "net.peer.port", HTTP)                          \
  X(NET_PEER_IP, "net.peer.ip", HTTP)                              \
  X(NETWORK_PEER_ADDRESS, "network.peer.address", HTTP)            \
  X(SERVER_ADDRESS, "server.address", HTTP)                        \
  X(SERVER_PORT, "server.port", HTTP)                              \
  X(RPC_METHOD, "rpc.method", AWS)                                 \
  X(AWS_OPERATION, "aws.operation", AWS)                           \
  X(AWS_ACCOUNT_ID, "aws.account_id", AWS)                         \
  X(AWS_REGION, "aws.region", AWS)                                 \
  X(AWS_REQUEST_ID, "aws.request_id", AWS)                         \
  X(AWS_REQUEST_ID2, "aws.requestId", AWS)                         \
  X(AWS_QUEUE_URL, "aws.queue_url", AWS)                           \
  X(AWS_QUEUE_URL2, "aws.queue.url", AWS)                          \
  X(AWS_TABLE_NAME, "aws.table_name", AWS)                         \
  X(AWS_TABLE_NAME2, "aws.table.name", AWS)                        \
  X(DB_CONNECTION_STRING, "db.connection_string", SQL)             \
  X(DB_SYSTEM, "db.system", SQL)                                   \
  X(DB_NAME, "db.name", SQL)                                       \
  X(DB_STATEMENT, "db.statement", SQL)                             \
  X(DB_USER, "db.user", SQL)                                       \
  X(DB_SYSTEM_NAME, "db.system.name", NEW_SQL)                     \
  X(DB_NAMESPACE, "db.namespace", NEW_SQL)                         \
  X(DB_QUERY_TEXT, "db.query.text", NEW_SQL)                       \
  X(HTTP_STATUS_TEXT, "http.status_text", CAUSE)                   \
  X(ENDUSER_ID, "enduser.id", ALWAYS)                              \
  X(IN_PROGRESS, "aws.xray.inprogress", ALWAYS)                    \
  X(ANNOTATIONS, "aws.xray.annotations", ALWAYS)                   \
  X(MESSAGING_URL, "messaging.url", NOBODY)                        \
  X(DYNAMODB_TABLES, "aws.dynamodb.table_names", NOBODY)           \
  X(AWS_SPAN_KIND, "aws.span.kind", NOBODY)                        \
  X(AWS_LOCAL_SERVICE, "aws.local.service", NOBODY)                \
  X(AWS_REMOTE_SERVICE, "aws.remote.service", NOBODY)              \
  X(AWS_REMOTE_OPERATION, "aws.remote.operation", NOBODY)          \
  X(REMOTE_TARGET, "remoteTarget", NOBODY)                         \
  X(K8S_REMOTE_NAMESPACE, "K8s.RemoteNamespace", NOBODY)           \
  X(PEER_SERVICE, "peer.service", NOBODY)                          \
  X(AWS_SERVICE, "aws.service", NOBODY)                            \
  X(RPC_SERVICE, "rpc.service", NOBODY)                            \
  X(RPC_SYSTEM, "rpc.system", NOBODY)                              \
  X(MESSAGE_TYPE, "message.type", NOBODY)                          \
  X(PAYLOAD_BYTES, "messaging.message_payload_size_bytes", NOBODY) \
  X(SERVICE_NAME, "service.name", NOBODY)                          \
  X(SERVICE_VERSION, "service.version", NOBODY)                    \
  X(SERVICE_NAMESPACE, "service.namespace", NOBODY)                \
  X(SERVICE_INSTANCE_ID, "service.instance.id", NOBODY)            \
  X(IMAGE_TAG, "container.image.tag", NOBODY)                      \
  X(IMAGE_TAGS, "container.image.tags", NOBODY)                    \
  X(CLOUD_PROVIDER, "cloud.provider", NOBODY)                      \
  X(CLOUD_PLATFORM, "cloud.platform", NOBODY)                      \
  X(CLOUD_ACCOUNT, "cloud.account.id", NOBODY)                     \
  X(CLOUD_ZONE, "cloud.availability_zone", NOBODY)                 \
  X(HOST_ID, "host.id", NOBODY)                                    \
  X(HOST_TYPE, "host.type", NOBODY)                                \
  X(HOST_IMAGE_ID, "host.image.id", NOBODY)                        \
  X(CONTAINER_NAME, "container.name", NOBODY)                      \
  X(CONTAINER_ID, "container.id", NOBODY)                          \
  X(K8S_POD_NAME, "k8s.pod.name", NOBODY)                          \
  X(K8S_CLUSTER, "k8s.cluster.name", NOBODY)                       \
  X(SDK_NAME, "telemetry.sdk.name", NOBODY)                        \
  X(SDK_LANGUAGE, "telemetry.sdk.language", NOBODY)                \
  X(SDK_VERSION, "telemetry.sdk.version", NOBODY)                  \
  X(AUTO_VERSION, "telemetry.auto.version", NOBODY)                \
  X(DISTRO_VERSION, "telemetry.distro.version", NOBODY)            \
  X(ECS_CLUSTER, "aws.ecs.cluster.arn", NOBODY)                    \
  X(ECS_CONTAINER, "aws.ecs.container.arn", NOBODY)                \
  X(ECS_TASK, "aws.ecs.task.arn", NOBODY)                          \
  X(ECS_FAMILY, "aws.ecs.task.family", NOBODY)                     \
  X(ECS_LAUNCH_TYPE, "aws.ecs.launchtype", NOBODY)                 \
  X(LOG_GROUP_NAMES, "aws.log.group.names", NOBODY)                \
  X(LOG_GROUP_ARNS, "aws.log.group.arns", NOBODY)

enum {
#define X(place, key, group) NCL_XRAY_##place,
  NCL_XRAY_FACTS(X)
#undef X
      NCL_XRAY_FACT_COUNT
};

/* Who takes an attribute. */
enum {
  NCL_XRAY_BY_NOBODY,
  NCL_XRAY_BY_ALWAYS,
  NCL_XRAY_BY_HTTP,
  NCL_XRAY_BY_AWS,
  NCL_XRAY_BY_SQL,
  NCL_XRAY_BY_NEW_SQL,
  NCL_XRAY_BY_CAUSE,
};

#define NCL_XRAY_NO_FACT 0xffu
#define NCL_XRAY_SLOTS 512u

/* A table from keys to places: made once. */
typedef struct ncl_xray_keys {
  uint8_t slots[NCL_XRAY_SLOTS];
} ncl_xray_keys;

void ncl_xray_keys_make(ncl_xray_keys *keys);
/* The place of a key, or NCL_XRAY_NO_FACT. */
uint32_t ncl_xray_keys_find(const ncl_xray_keys *keys, ncl_str key);
/* NCL_XRAY_BY_* of a place. */
uint32_t ncl_xray_taken_by(uint32_t place);

typedef struct ncl_xray_facts {
  uint64_t seen[2];
  ncl_any values[NCL_XRAY_FACT_COUNT];
} ncl_xray_facts;

static inline void ncl_xray_facts_clear(ncl_xray_facts *facts) {
  facts->seen[0] = facts->seen[1] = 0;
}

static inline void ncl_xray_facts_set(ncl_xray_facts *facts, uint32_t place, const ncl_any *value) {
  facts->seen[place / 64] |= UINT64_C(1) << place % 64;
  facts->values[place] = *value;
}

static inline bool ncl_xray_has(const ncl_xray_facts *facts, uint32_t place) {
  return (facts->seen[place / 64] >> place % 64 & 1) != 0;
}

/* The value, where it is a text; else "". */
static inline ncl_str ncl_xray_str(const ncl_xray_facts *facts, uint32_t place) {
  if (!ncl_xray_has(facts, place) || facts->values[place].type != NCL_ANY_STRING) return ncl_str_of("", 0);
  return facts->values[place].string;
}

/* The first of two that has a text. */
static inline ncl_str ncl_xray_either(const ncl_xray_facts *facts, uint32_t a, uint32_t b) {
  ncl_str first = ncl_xray_str(facts, a);
  return first.len > 0 ? first : ncl_xray_str(facts, b);
}

/* The value, where it is an integer; else 0. */
static inline int64_t ncl_xray_int(const ncl_xray_facts *facts, uint32_t place) {
  return ncl_xray_has(facts, place) && facts->values[place].type == NCL_ANY_INT ? facts->values[place].i : 0;
}

static inline bool ncl_xray_is(ncl_str text, const char *word) {
  size_t len = strlen(word);
  return text.len == len && memcmp(text.ptr, word, len) == 0;
}

static inline bool ncl_xray_begins(ncl_str text, const char *prefix) {
  size_t len = strlen(prefix);
  return text.len >= len && memcmp(text.ptr, prefix, len) == 0;
}

#endif
