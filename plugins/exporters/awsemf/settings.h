/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h: the config of the exporter. */
#ifndef NCL_EMF_SETTINGS_H
#define NCL_EMF_SETTINGS_H

#include <nacelle/aws_session.h>
#include <nacelle/config_fill.h>
#include <stdbool.h>

enum { NCL_EMF_ROLLUP_ZERO_AND_SINGLE, NCL_EMF_ROLLUP_SINGLE, NCL_EMF_ROLLUP_NONE };
enum { NCL_EMF_VERSION_1, NCL_EMF_VERSION_0 };
enum { NCL_EMF_TO_CLOUDWATCH, NCL_EMF_TO_STDOUT };
enum { NCL_EMF_HISTOGRAM_STATISTICS, NCL_EMF_HISTOGRAM_VALUES };

typedef struct ncl_emf_settings {
  ncl_aws_session session;
  ncl_str name_space, log_group, log_stream;
  int64_t retains_initial;
  int64_t rollup; /* NCL_EMF_ROLLUP_* */
  int64_t retention;
  const ncl_value *tags;
  const ncl_value *parse_json;
  const ncl_value *declarations;
  const ncl_value *descriptors;
  int64_t destination; /* NCL_EMF_TO_* */
  int64_t eks_fargate;
  int64_t with_resource, without_service;
  int64_t detailed;
  int64_t version; /* NCL_EMF_VERSION_* */
  int64_t compat;
  int64_t histograms; /* NCL_EMF_HISTOGRAM_* */
} ncl_emf_settings;

/* The table of fields: for the descriptor, and for ncl_config_fill. */
#define NCL_EMF_FIELDS 32u
extern const ncl_field ncl_emf_field_list[NCL_EMF_FIELDS];
extern const ncl_array ncl_emf_fields;

/* Says what is wrong with the config at `where`. `hint` may be "". */
typedef void (*ncl_emf_complain_fn)(void *arg, const ncl_value *where, bool is_error, const char *message,
                                    const char *hint);
typedef struct ncl_emf_complain {
  ncl_emf_complain_fn fn;
  void *arg;
} ncl_emf_complain;

#endif
