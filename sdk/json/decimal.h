/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/json/decimal.h: the fewest digits that read as the same double. */
#ifndef NACELLE_SDK_JSON_DECIMAL_H
#define NACELLE_SDK_JSON_DECIMAL_H

#include <stdint.h>

#define NCL_DECIMAL_DIGITS 17u /* no double needs more */

/* `value` is finite and above 0. Writes its digits, neither the first nor the last of them "0", and returns how many:
 * value = 0.ddd * 10^*exponent. Of the shortest ones the nearest. */
uint32_t ncl_decimal(double value, char digits[NCL_DECIMAL_DIGITS], int32_t *exponent);

#endif
