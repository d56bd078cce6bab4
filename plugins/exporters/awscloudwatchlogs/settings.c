/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c: what can be wrong with the keys of the exporter awscloudwatchlogs. */
#include <nacelle/config_fill.h>
#include <stdio.h>
#include <string.h>

#include "awscloudwatchlogs.h"

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static ncl_status refuse(const ncl_create *create, const ncl_value *where, const char *message, const char *hint) {
  create->host->config_error(create->me, where, str(message), str(hint));
  return NCL_PERMANENT;
}

/* ---- names ------------------------------------------------------------------------------------------- */

static ncl_status check_name(const ncl_create *create, const char *key, ncl_str name) {
  const ncl_value *where = ncl_value_get(create->config, str(key));
  char message[160];
  ncl_str unknown;
  if (name.len == 0) return refuse(create, where, "the name is empty", "write a name, such as \"/ecs/applogs\"");
  (void)ncl_log_name_uses(name, &unknown);
  if (unknown.ptr == NULL) return NCL_OK;
  (void)snprintf(message, sizeof message, "{%.*s} is not a placeholder", (int)(unknown.len < 64 ? unknown.len : 64),
                 unknown.ptr);
  return refuse(create, where, message,
                "placeholders are {ClusterName}, {TaskId}, {NodeName}, {PodName}, {ServiceName}, "
                "{ContainerInstanceId}, {TaskDefinitionFamily}, {InstanceId}, {FaasName} and {FaasVersion}");
}

ncl_status ncl_cwl_check(const ncl_create *create, const ncl_cwl_settings *settings) {
  ncl_status status = ncl_aws_session_check(create, &settings->session);
  if (check_name(create, "log_group_name", settings->group) != NCL_OK) status = NCL_PERMANENT;
  if (check_name(create, "log_stream_name", settings->stream) != NCL_OK) status = NCL_PERMANENT;
  return ncl_log_settings_check(create, settings->retention, settings->tags) != NCL_OK ? NCL_PERMANENT : status;
}
