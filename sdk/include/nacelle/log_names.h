/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/log_names.h: placeholders in the names of log groups and streams: "/ecs/{ClusterName}/{TaskId}". Part of the
 * SDK, not of the ABI. All [any]. */
#ifndef NACELLE_LOG_NAMES_H
#define NACELLE_LOG_NAMES_H

#include <nacelle/otlp_read.h>
#include <nacelle/text.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A placeholder stands for an attribute: {TaskId} for one that is called TaskId, else for aws.ecs.task.id. What an ARN
 * says in its last part ({ClusterName}, {TaskId}) is taken from there where there is no such attribute.
 *
 *   {ClusterName} aws.ecs.cluster.name    {TaskId} aws.ecs.task.id           {TaskDefinitionFamily} aws.ecs.task.family
 *   {NodeName} k8s.node.name              {PodName} pod                      {ServiceName} service.name
 *   {InstanceId} service.instance.id      {FaasName} faas.name               {FaasVersion} faas.version
 *   {ContainerInstanceId} aws.ecs.container.instance.id
 */
#define NCL_LOG_PLACEHOLDERS 10u

/* Its name without braces; i < NCL_LOG_PLACEHOLDERS. */
ncl_str ncl_log_placeholder(uint32_t i);

/* A bit for each placeholder that is in the pattern, from bit 0 on. Braces with anything else in them are text: the
 * first such name is in *unknown (may be NULL), which is empty where there is none. */
uint32_t ncl_log_name_uses(ncl_str pattern, ncl_str *unknown);

/* Appends the name, each placeholder filled in with what the first of the lists of attributes has that knows it, and
 * with "undefined" where none of them does, or an empty text. Returns the bits of those. */
uint32_t ncl_log_name_fill(ncl_text *out, ncl_str pattern, const ncl_repeated *lists, uint32_t count);

#ifdef __cplusplus
}
#endif
#endif
