/* SPDX-License-Identifier: Apache-2.0 */
/* A table with a field of every type, for the tests and the fuzz target of core/config. */
#ifndef TESTS_UNIT_CORE_CONFIG_DECODE_TABLE_H
#define TESTS_UNIT_CORE_CONFIG_DECODE_TABLE_H

#include <nacelle/plugin.h>

#include "core/config/decode.h"

static const ncl_str support_choices[] = {NCL_STR("gzip"), NCL_STR("zstd"), NCL_STR("none"), NCL_STR("1.2")};

static const ncl_field support_text_element[] = {{.type = NCL_TYPE_STRING}};
static const ncl_field support_int_element[] = {{.type = NCL_TYPE_INT, .min = 0, .max = 9}};
static const ncl_field support_secret_element[] = {{.type = NCL_TYPE_STRING, .flags = NCL_FIELD_SECRET}};

static const ncl_field support_tls_fields[] = {
    {.name = NCL_STR("cert_file"), .type = NCL_TYPE_STRING, .flags = NCL_FIELD_REQUIRED},
    {.name = NCL_STR("insecure"), .type = NCL_TYPE_BOOL},
};
static const ncl_field support_grpc_fields[] = {
    {.name = NCL_STR("endpoint"), .type = NCL_TYPE_ENDPOINT, .dflt = NCL_STR("localhost:4317")},
    {.name = NCL_STR("max_streams"), .type = NCL_TYPE_INT, .dflt = NCL_STR("100"), .min = 1, .max = 65535},
    {.name = NCL_STR("tls"),
     .type = NCL_TYPE_SECTION,
     .flags = NCL_FIELD_OPTIONAL,
     .fields = NCL_ARRAY(support_tls_fields)},
};
static const ncl_field support_protocols_fields[] = {
    {.name = NCL_STR("grpc"),
     .type = NCL_TYPE_SECTION,
     .flags = NCL_FIELD_OPTIONAL,
     .fields = NCL_ARRAY(support_grpc_fields)},
};
static const ncl_field support_queue_fields[] = {
    {.name = NCL_STR("enabled"), .type = NCL_TYPE_BOOL, .dflt = NCL_STR("true")},
    {.name = NCL_STR("size"), .type = NCL_TYPE_INT, .dflt = NCL_STR("1000")},
    {.name = NCL_STR("storage"),
     .type = NCL_TYPE_COMPONENT,
     .iface = NCL_STR("ncl.storage/1"),
     .kind = NCL_KIND_EXTENSION},
};
static const ncl_field support_rule_fields[] = {
    {.name = NCL_STR("key"), .type = NCL_TYPE_STRING, .flags = NCL_FIELD_REQUIRED},
    {.name = NCL_STR("keep"), .type = NCL_TYPE_BOOL, .dflt = NCL_STR("true")},
};
static const ncl_field support_rule_element[] = {{.type = NCL_TYPE_SECTION, .fields = NCL_ARRAY(support_rule_fields)}};

/* Every type, in one component. */
static const ncl_field support_fields[] = {
    {.name = NCL_STR("text"), .type = NCL_TYPE_STRING, .dflt = NCL_STR("dflt"), .alias = NCL_STR("old_text")},
    {.name = NCL_STR("on"), .type = NCL_TYPE_BOOL, .dflt = NCL_STR("true")},
    {.name = NCL_STR("number"), .type = NCL_TYPE_INT, .dflt = NCL_STR("7"), .min = 1, .max = 100},
    {.name = NCL_STR("ratio"), .type = NCL_TYPE_DOUBLE, .dflt = NCL_STR("0.5"), .min = 0, .max = 1},
    {.name = NCL_STR("timeout"),
     .type = NCL_TYPE_DURATION,
     .dflt = NCL_STR("5s"),
     .min = 0,
     .max = INT64_C(3600000000000)},
    {.name = NCL_STR("limit"), .type = NCL_TYPE_SIZE, .dflt = NCL_STR("1MiB")},
    {.name = NCL_STR("compression"),
     .type = NCL_TYPE_ENUM,
     .dflt = NCL_STR("gzip"),
     .choices = NCL_ARRAY(support_choices)},
    {.name = NCL_STR("names"),
     .type = NCL_TYPE_LIST,
     .dflt = NCL_STR("[a, b]"),
     .fields = NCL_ARRAY(support_text_element)},
    {.name = NCL_STR("numbers"), .type = NCL_TYPE_LIST, .fields = NCL_ARRAY(support_int_element)},
    {.name = NCL_STR("rules"), .type = NCL_TYPE_LIST, .fields = NCL_ARRAY(support_rule_element)},
    {.name = NCL_STR("labels"), .type = NCL_TYPE_MAP, .fields = NCL_ARRAY(support_text_element)},
    {.name = NCL_STR("headers"), .type = NCL_TYPE_MAP, .fields = NCL_ARRAY(support_secret_element)},
    {.name = NCL_STR("token"), .type = NCL_TYPE_STRING, .flags = NCL_FIELD_SECRET},
    {.name = NCL_STR("secrets"),
     .type = NCL_TYPE_MAP,
     .flags = NCL_FIELD_SECRET,
     .fields = NCL_ARRAY(support_text_element)},
    {.name = NCL_STR("pin"), .type = NCL_TYPE_INT, .flags = NCL_FIELD_SECRET, .min = 0, .max = 9999},
    {.name = NCL_STR("protocols"), .type = NCL_TYPE_SECTION, .fields = NCL_ARRAY(support_protocols_fields)},
    {.name = NCL_STR("queue"),
     .type = NCL_TYPE_SECTION,
     .flags = NCL_FIELD_OPTIONAL,
     .dflt = NCL_STR("{}"),
     .fields = NCL_ARRAY(support_queue_fields)},
    {.name = NCL_STR("auth"), .type = NCL_TYPE_COMPONENT, .kind = NCL_KIND_EXTENSION},
    {.name = NCL_STR("target"), .type = NCL_TYPE_ENDPOINT},
    {.name = NCL_STR("anything"), .type = NCL_TYPE_ANY},
    {.name = NCL_STR("legacy"),
     .type = NCL_TYPE_STRING,
     .flags = NCL_FIELD_DEPRECATED,
     .doc = NCL_STR("it does nothing any more")},
};
static const ncl_array support_table = NCL_ARRAY(support_fields);

#endif
