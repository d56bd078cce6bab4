/* SPDX-License-Identifier: Apache-2.0 */
/* aws.c: the members `aws` and `sql`: where it ran, what it called. */
#include "segment.h"

typedef struct named {
  const char *name;
  uint8_t place;
} named;

/* The members of an object that have a text. */
static void put_named(const ncl_xray_facts *facts, ncl_writer *w, const named *names, size_t count) {
  static const ncl_str none = NCL_STR("");
  for (size_t i = 0; i < count; i++) {
    ncl_str value = ncl_xray_str(facts, names[i].place);
    if (value.len == 0) continue;
    ncl_json_inner_name(w, none, ncl_str_of(names[i].name, strlen(names[i].name)));
    ncl_json_inner_text(w, value);
  }
}

#define PUT_NAMED(facts, w, names) put_named((facts), (w), (names), sizeof(names) / sizeof(names)[0])

/* ---- the platform ------------------------------------------------------------------------------------ */

static int64_t number_of(ncl_str text) {
  int64_t number = 0;
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9' || number > INT64_MAX / 10 - 1) return 0;
    number = number * 10 + (text.ptr[i] - '0');
  }
  return number;
}

static void put_beanstalk(const ncl_xray_facts *r, ncl_writer *w) {
  static const named names[] = {{"environment_name", NCL_XRAY_SERVICE_NAMESPACE},
                                {"version_label", NCL_XRAY_SERVICE_VERSION}};
  ncl_str deployment = ncl_xray_str(r, NCL_XRAY_SERVICE_INSTANCE_ID);
  if (deployment.len == 0) return;
  ncl_json_inner_key(w, "elastic_beanstalk");
  ncl_json_open(w);
  PUT_NAMED(r, w, names);
  ncl_json_inner_key(w, "deployment_id");
  ncl_json_put_int(w, number_of(deployment));
  ncl_json_close(w);
}

static void put_platform(const ncl_xray_facts *r, ncl_writer *w) {
  static const named ecs[] = {{"container", NCL_XRAY_CONTAINER_NAME},
                              {"container_id", NCL_XRAY_CONTAINER_ID},
                              {"task_arn", NCL_XRAY_ECS_TASK},
                              {"task_family", NCL_XRAY_ECS_FAMILY},
                              {"cluster_arn", NCL_XRAY_ECS_CLUSTER},
                              {"container_arn", NCL_XRAY_ECS_CONTAINER},
                              {"availability_zone", NCL_XRAY_CLOUD_ZONE},
                              {"launch_type", NCL_XRAY_ECS_LAUNCH_TYPE}};
  static const named ec2[] = {{"instance_id", NCL_XRAY_HOST_ID},
                              {"availability_zone", NCL_XRAY_CLOUD_ZONE},
                              {"instance_size", NCL_XRAY_HOST_TYPE},
                              {"ami_id", NCL_XRAY_HOST_IMAGE_ID}};
  static const named eks[] = {
      {"cluster_name", NCL_XRAY_K8S_CLUSTER}, {"pod", NCL_XRAY_K8S_POD_NAME}, {"container_id", NCL_XRAY_CONTAINER_ID}};
  ncl_str platform = ncl_xray_str(r, NCL_XRAY_CLOUD_PLATFORM);
  if (ncl_xray_is(platform, "aws_elastic_beanstalk")) put_beanstalk(r, w);
  if (ncl_xray_is(platform, "aws_ecs")) {
    ncl_json_inner_key(w, "ecs");
    ncl_json_open(w);
    PUT_NAMED(r, w, ecs);
    ncl_json_close(w);
  }
  if (ncl_xray_is(platform, "aws_ec2") || ncl_xray_str(r, NCL_XRAY_HOST_ID).len > 0) {
    ncl_json_inner_key(w, "ec2");
    ncl_json_open(w);
    PUT_NAMED(r, w, ec2);
    ncl_json_close(w);
  }
  if (ncl_xray_is(platform, "aws_eks") || ncl_xray_str(r, NCL_XRAY_K8S_CLUSTER).len > 0) {
    ncl_json_inner_key(w, "eks");
    ncl_json_open(w);
    PUT_NAMED(r, w, eks);
    ncl_json_close(w);
  }
}

/* ---- log groups -------------------------------------------------------------------------------------- */

/* arn:aws:logs:region:account:log-group:NAME:* */
static ncl_str group_of(ncl_str arn) {
  size_t at = 0, colons = 0, begin = 0;
  for (; at < arn.len; at++) {
    if (arn.ptr[at] != ':') continue;
    colons++;
    if (colons == 6) begin = at + 1;
    if (colons == 7) break;
  }
  return colons >= 6 ? ncl_str_of(arn.ptr + begin, at - begin) : arn;
}

static void put_group(ncl_writer *w, ncl_str group, bool is_arn) {
  if (group.len == 0) return;
  ncl_json_comma(w);
  ncl_json_literal(w, "{" NCL_JSON_INNER_NAME("log_group"));
  ncl_json_inner_text(w, is_arn ? group_of(group) : group);
  if (is_arn) {
    ncl_json_inner_key(w, "arn");
    ncl_json_inner_text(w, group);
  }
  ncl_json_close(w);
}

/* A list, or a text with "&" between its parts, as OTEL_RESOURCE_ATTRIBUTES has it. */
static void put_groups(ncl_writer *w, const ncl_any *value, bool is_arn) {
  if (value->type == NCL_ANY_ARRAY) {
    ncl_repeated list = value->list;
    ncl_any element;
    while (ncl_any_values_next(&list, &element)) {
      if (element.type == NCL_ANY_STRING) put_group(w, element.string, is_arn);
    }
    return;
  }
  const char *at = value->string.ptr, *end = at + value->string.len;
  while (at < end) {
    const char *stop = memchr(at, '&', (size_t)(end - at));
    if (stop == NULL) stop = end;
    put_group(w, ncl_str_of(at, (size_t)(stop - at)), is_arn);
    at = stop == end ? end : stop + 1;
  }
}

static bool has_groups(const ncl_xray_facts *r, uint32_t place) {
  if (!ncl_xray_has(r, place)) return false;
  const ncl_any *value = &r->values[place];
  return value->type == NCL_ANY_ARRAY ? value->list.count > 0 : value->type == NCL_ANY_STRING && value->string.len > 0;
}

static void put_log_groups(const ncl_xray_translator *t, ncl_writer *w) {
  const ncl_xray_facts *r = &t->resource;
  const ncl_value *group;
  bool has_arns = has_groups(r, NCL_XRAY_LOG_GROUP_ARNS), has_names = has_groups(r, NCL_XRAY_LOG_GROUP_NAMES);
  if (!has_arns && !has_names && ncl_config_count(t->options.log_groups) == 0) return;
  ncl_json_inner_key(w, "cloudwatch_logs");
  ncl_json_literal(w, "[");
  if (has_arns) {
    put_groups(w, &r->values[NCL_XRAY_LOG_GROUP_ARNS], true);
  } else if (has_names) {
    put_groups(w, &r->values[NCL_XRAY_LOG_GROUP_NAMES], false);
  } else {
    for (uint32_t i = 0; (group = ncl_config_at(t->options.log_groups, i)) != NULL; i++)
      put_group(w, group->s, false);
  }
  ncl_json_literal(w, "]");
}

/* ---- what was called --------------------------------------------------------------------------------- */

static void put_tables(const ncl_xray_facts *f, ncl_writer *w) {
  ncl_str table = ncl_xray_either(f, NCL_XRAY_AWS_TABLE_NAME, NCL_XRAY_AWS_TABLE_NAME2);
  ncl_any first = {0};
  if (ncl_xray_has(f, NCL_XRAY_DYNAMODB_TABLES)) {
    const ncl_any *tables = &f->values[NCL_XRAY_DYNAMODB_TABLES];
    if (tables->type == NCL_ANY_STRING) table = tables->string;
    if (tables->type == NCL_ANY_ARRAY && tables->list.count > 1) {
      ncl_json_inner_key(w, "table_names");
      ncl_json_inner_any(w, tables);
      return;
    }
    if (tables->type == NCL_ANY_ARRAY) {
      ncl_repeated list = tables->list;
      if (ncl_any_values_next(&list, &first) && first.type == NCL_ANY_STRING) table = first.string;
    }
  }
  ncl_json_inner_member(w, "table_name", table);
}

static void put_call(const ncl_xray_translator *t, ncl_writer *w) {
  const ncl_xray_facts *f = &t->facts;
  ncl_str account = ncl_xray_str(f, NCL_XRAY_AWS_ACCOUNT_ID);
  ncl_str queue = ncl_xray_str(f, NCL_XRAY_MESSAGING_URL);
  if (account.len == 0) account = ncl_xray_str(&t->resource, NCL_XRAY_CLOUD_ACCOUNT);
  if (queue.len == 0) queue = ncl_xray_either(f, NCL_XRAY_AWS_QUEUE_URL, NCL_XRAY_AWS_QUEUE_URL2);
  ncl_json_inner_member(w, "account_id", account);
  ncl_json_inner_member(w, "operation", ncl_xray_either(f, NCL_XRAY_AWS_OPERATION, NCL_XRAY_RPC_METHOD));
  ncl_json_inner_member(w, "region", ncl_xray_str(f, NCL_XRAY_AWS_REGION));
  ncl_json_inner_member(w, "request_id", ncl_xray_either(f, NCL_XRAY_AWS_REQUEST_ID, NCL_XRAY_AWS_REQUEST_ID2));
  ncl_json_inner_member(w, "queue_url", queue);
  put_tables(f, w);
}

static void put_sdk(const ncl_xray_facts *r, ncl_writer *w) {
  ncl_str name = ncl_xray_str(r, NCL_XRAY_SDK_NAME), language = ncl_xray_str(r, NCL_XRAY_SDK_LANGUAGE);
  ncl_json_inner_key(w, "xray");
  ncl_json_open(w);
  if (name.len > 0) {
    ncl_json_inner_key(w, "sdk");
    ncl_json_literal(w, NCL_JSON_INNER_QUOTE);
    ncl_json_inner_bytes(w, name);
    if (language.len > 0) {
      ncl_json_literal(w, " for ");
      ncl_json_inner_bytes(w, language);
    }
    ncl_json_literal(w, NCL_JSON_INNER_QUOTE);
  }
  ncl_json_inner_member(w, "sdk_version", ncl_xray_str(r, NCL_XRAY_SDK_VERSION));
  ncl_json_inner_key(w, "auto_instrumentation");
  ncl_json_put_bool(w, ncl_xray_either(r, NCL_XRAY_AUTO_VERSION, NCL_XRAY_DISTRO_VERSION).len > 0);
  ncl_json_close(w);
}

void ncl_xray_put_aws(ncl_xray_translator *t, ncl_writer *w, bool is_service) {
  ncl_str provider = ncl_xray_str(&t->resource, NCL_XRAY_CLOUD_PROVIDER);
  if (provider.len > 0 && !ncl_xray_is(provider, "aws")) return;
  ncl_json_inner_key(w, "aws");
  ncl_json_open(w);
  put_platform(&t->resource, w);
  put_log_groups(t, w);
  put_sdk(&t->resource, w);
  if (!is_service) put_call(t, w);
  ncl_json_close(w);
}

/* ---- sql --------------------------------------------------------------------------------------------- */

static ncl_str system_of(const ncl_xray_translator *t) {
  ncl_str system = ncl_xray_str(&t->facts, NCL_XRAY_DB_SYSTEM);
  return system.len > 0 || t->options.compat ? system : ncl_xray_str(&t->facts, NCL_XRAY_DB_SYSTEM_NAME);
}

bool ncl_xray_is_sql(const ncl_xray_translator *t) {
  static const char *const systems[] = {
      "db2",        "derby",  "hive",     "mariadb",   "mssql",   "mysql",     "oracle",
      "postgresql", "sqlite", "teradata", "other_sql", "ibm.db2", "oracle.db", "microsoft.sql_server"};
  ncl_str system = system_of(t);
  for (size_t i = 0; system.len > 0 && i < sizeof systems / sizeof systems[0]; i++) {
    if (ncl_xray_is(system, systems[i])) return true;
  }
  return false;
}

void ncl_xray_put_sql(ncl_xray_translator *t, ncl_writer *w) {
  const ncl_xray_facts *f = &t->facts;
  if (!ncl_xray_is_sql(t)) return;
  ncl_str connection = ncl_xray_str(f, NCL_XRAY_DB_CONNECTION_STRING);
  ncl_str name = ncl_xray_str(f, NCL_XRAY_DB_NAME), query = ncl_xray_str(f, NCL_XRAY_DB_STATEMENT);
  if (!t->options.compat && name.len == 0) name = ncl_xray_str(f, NCL_XRAY_DB_NAMESPACE);
  if (!t->options.compat && query.len == 0) query = ncl_xray_str(f, NCL_XRAY_DB_QUERY_TEXT);
  ncl_json_inner_key(w, "sql");
  ncl_json_literal(w, "{" NCL_JSON_INNER_NAME("connection_string") NCL_JSON_INNER_QUOTE);
  ncl_json_inner_bytes(w, connection.len > 0 ? connection : (ncl_str)NCL_STR("localhost"));
  ncl_json_literal(w, "/");
  ncl_json_inner_bytes(w, name);
  ncl_json_literal(w, NCL_JSON_INNER_QUOTE);
  ncl_json_inner_member(w, "url", t->span.name);
  ncl_json_inner_member(w, "sanitized_query", query);
  ncl_json_inner_member(w, "database_type", system_of(t));
  ncl_json_inner_member(w, "user", ncl_xray_str(f, NCL_XRAY_DB_USER));
  ncl_json_close(w);
}
