/* SPDX-License-Identifier: Apache-2.0 */
/* ec2_tags.h: which tags of an instance become attributes. */
#ifndef NCL_RESOURCEDETECTION_EC2_TAGS_H
#define NCL_RESOURCEDETECTION_EC2_TAGS_H

#include <nacelle/config.h>
#include <stdbool.h>

/* NULL, or the first element of the list that is no regular expression (POSIX, extended). */
const ncl_value *ncl_ec2_tags_mistake(const ncl_value *patterns);
/* Whether one of the patterns is found in the key. */
bool ncl_ec2_tags_match(const ncl_value *patterns, ncl_str key);

#endif
