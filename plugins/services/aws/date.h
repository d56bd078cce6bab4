/* SPDX-License-Identifier: Apache-2.0 */
/* date.h: the three forms in which AWS writes times: in signatures, in documents, in the header Date. */
#ifndef NCL_AWS_DATE_H
#define NCL_AWS_DATE_H

#include <nacelle/abi.h>
#include <stdbool.h>

#define NCL_AWS_DATE_SIZE 17u /* "20260102T030405Z" and NUL */

/* UTC; times before 1970 and after 9999 are taken for those. */
void ncl_aws_date_basic(int64_t wall_ns, char into[NCL_AWS_DATE_SIZE]);

/* "2026-01-02T03:04:05Z", with a fraction or an offset ("+01:00") where it has one (RFC 3339). */
bool ncl_aws_date_read(ncl_str text, int64_t *wall_ns);

/* "Fri, 02 Jan 2026 03:04:05 GMT" (RFC 9110, 5.6.7; the form that is sent today). */
bool ncl_aws_date_read_http(ncl_str text, int64_t *wall_ns);

#endif
