/* SPDX-License-Identifier: Apache-2.0 */
/* ecs.h: attributes of a task, from the documents of ECS's metadata. */
#ifndef NCL_RESOURCEDETECTION_ECS_H
#define NCL_RESOURCEDETECTION_ECS_H

#include "found.h"

#define NCL_ECS_CONTAINERS_MAX 64u /* of a task, whose logs are listed */

/* `task`: the document of /task; `self`: of the own container, whose logs are left out (empty = not known: no logs are
 * listed). NULL, or why it cannot be read. */
const char *ncl_ecs_read(ncl_range task, ncl_range self, ncl_found *found);

#endif
