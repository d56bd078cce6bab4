/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h: one set of credentials: counted, never changed, wiped with its last user; and how it is read from answers. */
#ifndef NCL_AWS_KEYS_H
#define NCL_AWS_KEYS_H

#include <nacelle/aws.h>
#include <stdbool.h>

typedef struct ncl_aws_keys {
  uint32_t users;
  uint32_t reserved;
  int64_t until_ns; /* monotonic: not used after this; INT64_MAX = valid for ever */
  int64_t renew_ns; /* monotonic: others are fetched from here on */
  ncl_aws_credentials view;
  size_t len;
  char text[];
} ncl_aws_keys;

/* What they are made of; all is copied. */
typedef struct ncl_aws_key_parts {
  ncl_str access_key_id, secret_access_key, session_token, account_id;
  ncl_str source;
  int64_t expires_ns; /* wall clock; 0 = never */
} ncl_aws_key_parts;

/* One user. NULL = no memory. Dated by ncl_aws_keys_date. */
ncl_aws_keys *ncl_aws_keys_new(const ncl_aws_key_parts *parts);
ncl_aws_keys *ncl_aws_keys_share(ncl_aws_keys *keys);
void ncl_aws_keys_leave(ncl_aws_keys *keys); /* NULL is ignored */

/*
 * Sets until_ns and renew_ns. `wall_ns` is the clock of the one who gave them, where that is known. Others are fetched
 * a quarter of the lifetime before the end, 15 minutes at most, and up to half of that earlier by `random`, so that
 * tasks that began together do not ask together. What has expired already is used for another minute: a metadata
 * service that fails hands out old credentials, and AWS takes them then.
 */
void ncl_aws_keys_date(ncl_aws_keys *keys, int64_t now_ns, int64_t wall_ns, uint64_t random);

/* Reads the answer of a container's or an instance's endpoint. NULL with the reason in `why` (static, or from the
 * answer); `why` empty = no memory. */
ncl_aws_keys *ncl_aws_keys_read_json(ncl_range body, ncl_str source, char *why, size_t size);
/* That of STS to AssumeRole or AssumeRoleWithWebIdentity (`action`). */
ncl_aws_keys *ncl_aws_keys_read_sts(ncl_str xml, const char *action, ncl_str source, char *why, size_t size);

#endif
