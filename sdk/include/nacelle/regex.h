/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/regex.h: regular expressions as the configs of the Go collector have them (RE2's syntax), matched within
 * bounds. Part of the SDK, not of the ABI. */
#ifndef NACELLE_REGEX_H
#define NACELLE_REGEX_H

#include <nacelle/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What RE2 knows and nothing beside it, so that a pattern that is accepted here means the same there:
 * https://github.com/google/re2/wiki/Syntax. Matching is PCRE2's, which is loaded with the first pattern. It can go
 * back and try again, so a match gives up after NCL_REGEX_STEPS steps: a few milliseconds at most, whatever the text.
 *
 * An expression is used by one thread at a time; different ones are independent of each other.
 */
typedef struct ncl_regex ncl_regex;

#define NCL_REGEX_PATTERN_MAX ((size_t)65536) /* bytes of a pattern */
#define NCL_REGEX_GROUPS_MAX 128u             /* groups of a pattern */
#define NCL_REGEX_STEPS 100000u
#define NCL_REGEX_HEAP_KIB 1024u /* memory that a match may take */

/* Compiles `pattern`. NULL: it is none, or there is no memory, or PCRE2 is not installed: the reason is in
 * message[size], ending with NUL. */
ncl_regex *ncl_regex_open(ncl_str pattern, char *message, size_t size);
void ncl_regex_close(ncl_regex *regex); /* NULL is ignored */

/* Groups without the whole, and the name of number `i`, from 1 on; "" = it has none. */
uint32_t ncl_regex_groups(const ncl_regex *regex);
ncl_str ncl_regex_group_name(const ncl_regex *regex, uint32_t i);

#define NCL_REGEX_NO 0u
#define NCL_REGEX_YES 1u
#define NCL_REGEX_GAVE_UP 2u /* more steps or memory than it may take */

/* Looks for it anywhere in `text`. groups[0 .. count-1]: what the whole and its groups are in `text`; "" for a group
 * that took no part. */
uint32_t ncl_regex_find(ncl_regex *regex, ncl_str text, ncl_str *groups, uint32_t count);

#ifdef __cplusplus
}
#endif
#endif
