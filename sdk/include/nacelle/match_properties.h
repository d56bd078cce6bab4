/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/match_properties.h: the sections `include` and `exclude` of processors: which spans, log records and metrics
 * they are for. Part of the SDK, not of the ABI. */
#ifndef NACELLE_MATCH_PROPERTIES_H
#define NACELLE_MATCH_PROPERTIES_H

#include <nacelle/config_fill.h>
#include <nacelle/otlp_read.h>
#include <nacelle/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- config ---------------------------------------------------------------------------------------- */

/* Use, in a table of fields:
 *   {.name = NCL_STR("include"), .type = NCL_TYPE_SECTION, .flags = NCL_FIELD_OPTIONAL, .doc = NCL_STR("..."),
 *    .fields = NCL_ARRAY(ncl_match_fields), .offset = NCL_CONFIG_NO_OFFSET} */
#define NCL_MATCH_FIELD(n, t, d, text) \
  .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text), .offset = NCL_CONFIG_NO_OFFSET

static const ncl_str ncl_match_types[] = {NCL_STR("strict"), NCL_STR("regexp")};
static const ncl_field ncl_match_text = {.type = NCL_TYPE_STRING};

static const ncl_field ncl_match_regexp_fields[] = {
    {NCL_MATCH_FIELD("cacheenabled", NCL_TYPE_BOOL, "false", "Without effect: nothing is cached.")},
    {NCL_MATCH_FIELD("cachemaxnumentries", NCL_TYPE_INT, "0", "Without effect: nothing is cached.")},
};

static const ncl_field ncl_match_severity_fields[] = {
    {NCL_MATCH_FIELD("min", NCL_TYPE_INT, "0", "The least severity number that matches."), .min = 0, .max = 24},
    {NCL_MATCH_FIELD("match_undefined", NCL_TYPE_BOOL, "false", "Whether records without a severity match.")},
};

static const ncl_field ncl_match_attribute_fields[] = {
    {NCL_MATCH_FIELD("key", NCL_TYPE_STRING, "", "Attribute that has to be there."), .flags = NCL_FIELD_REQUIRED},
    {NCL_MATCH_FIELD("value", NCL_TYPE_ANY, "", "Its value, with its type, or a pattern; none = any value.")},
};
static const ncl_field ncl_match_attribute = {.type = NCL_TYPE_SECTION,
                                              .fields = NCL_ARRAY(ncl_match_attribute_fields)};

static const ncl_field ncl_match_library_fields[] = {
    {NCL_MATCH_FIELD("name", NCL_TYPE_STRING, "", "Name of the scope.")},
    {NCL_MATCH_FIELD("version", NCL_TYPE_STRING, "", "Version of the scope; not written = any.")},
};
static const ncl_field ncl_match_library = {.type = NCL_TYPE_SECTION, .fields = NCL_ARRAY(ncl_match_library_fields)};

#define NCL_MATCH_TEXTS(n, text)                                                                         \
  {                                                                                                      \
    NCL_MATCH_FIELD(n, NCL_TYPE_LIST, "", text), .fields = { &ncl_match_text, 1, sizeof ncl_match_text } \
  }

static const ncl_field ncl_match_fields[] = {
    {NCL_MATCH_FIELD("match_type", NCL_TYPE_ENUM, "", "How texts match: as a whole, or as regular expressions."),
     .choices = NCL_ARRAY(ncl_match_types)},
    {NCL_MATCH_FIELD("regexp", NCL_TYPE_SECTION, "", "Of match_type regexp."),
     .fields = NCL_ARRAY(ncl_match_regexp_fields)},
    NCL_MATCH_TEXTS("services", "Spans: one of them matches service.name of the resource."),
    NCL_MATCH_TEXTS("span_names", "Spans: one of them matches the name."),
    NCL_MATCH_TEXTS("span_kinds", "Spans: one of them matches the kind: SPAN_KIND_SERVER, ..."),
    NCL_MATCH_TEXTS("log_bodies", "Log records: one of them matches the body as text."),
    NCL_MATCH_TEXTS("log_severity_texts", "Log records: one of them matches the severity's text."),
    {NCL_MATCH_FIELD("log_severity_number", NCL_TYPE_SECTION, "", "Log records: the severity's number."),
     .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(ncl_match_severity_fields)},
    NCL_MATCH_TEXTS("metric_names", "Metrics: one of them matches the name."),
    {NCL_MATCH_FIELD("attributes", NCL_TYPE_LIST, "", "Spans, log records: all of them are among the attributes."),
     .fields = {&ncl_match_attribute, 1, sizeof ncl_match_attribute}},
    {NCL_MATCH_FIELD("resources", NCL_TYPE_LIST, "", "All of them are among the attributes of the resource."),
     .fields = {&ncl_match_attribute, 1, sizeof ncl_match_attribute}},
    {NCL_MATCH_FIELD("libraries", NCL_TYPE_LIST, "", "Spans, log records: all of them match the scope."),
     .fields = {&ncl_match_library, 1, sizeof ncl_match_library}},
};

/* ---- use ------------------------------------------------------------------------------------------- */

/* One user on one loop. */
typedef struct ncl_match ncl_match;

/* [create] Reads two sections of ncl_match_fields, each of which may be off, for records of `signal`. Mistakes are
 * reported through create->host->config_error; then, and when there is no memory, it answers NULL and *status is the
 * reason. Loads PCRE2 where there is a pattern. Texts are borrowed from the config. */
ncl_match *ncl_match_open(const ncl_create *create, const ncl_value *include, const ncl_value *exclude, uint32_t signal,
                          ncl_status *status);
void ncl_match_close(ncl_match *match); /* NULL is ignored */

/* 1 = everything matches: neither section is there. */
uint32_t ncl_match_is_all(const ncl_match *match);

/* [loop] Goes into a group, into a scope of it, and says of a record there whether it is included and not excluded. */
void ncl_match_in_group(ncl_match *match, ncl_range resource);
void ncl_match_in_scope(ncl_match *match, ncl_range scope);
uint32_t ncl_match_record(ncl_match *match, ncl_range record);

/* [loop] Searches since it was last asked that took too many steps: they count as not found. */
uint64_t ncl_match_gave_up(ncl_match *match);

#ifdef __cplusplus
}
#endif
#endif
