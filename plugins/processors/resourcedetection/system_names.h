/* SPDX-License-Identifier: Apache-2.0 */
/* system_names.h: names of this machine. These ask name servers, and may wait. */
#ifndef NCL_RESOURCEDETECTION_SYSTEM_NAMES_H
#define NCL_RESOURCEDETECTION_SYSTEM_NAMES_H

#include <stdbool.h>

#define NCL_SYSTEM_NAME 256u

/* Where a name comes from, as the key hostname_sources has it. */
enum { NCL_NAME_DNS, NCL_NAME_OS, NCL_NAME_CNAME, NCL_NAME_LOOKUP };

/* [any] False: there is none of this kind. */
bool ncl_system_name(int source, char into[NCL_SYSTEM_NAME]);

#endif
