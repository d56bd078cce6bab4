/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/aws/log_plain.h: how long the text of a JSON string is by itself, as AWS counts it. */
#ifndef NACELLE_SDK_AWS_LOG_PLAIN_H
#define NACELLE_SDK_AWS_LOG_PLAIN_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the text without its escapes. \u stands for one byte: it is only written for control characters. */
size_t ncl_log_plain_size(const uint8_t *text, size_t len);

#endif
