/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/json/decimal.c: doubles in decimal by Grisu3 (Loitsch, "Printing Floating-Point Numbers Quickly and Accurately
 * with Integers", PLDI 2010), which knows when 64 bits do not tell; then by trying. */
#include "decimal.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* f * 2^e */
typedef struct number {
  uint64_t f;
  int32_t e;
} number;

typedef struct power {
  uint64_t f;
  int16_t e;
  int16_t ten; /* 10^ten = f * 2^e, rounded */
} power;

static const power powers[] = {
    /* clang-format off */
    {UINT64_C(0xfa8fd5a0081c0288), -1220, -348}, {UINT64_C(0xbaaee17fa23ebf76), -1193, -340}, {UINT64_C(0x8b16fb203055ac76), -1166, -332},
    {UINT64_C(0xcf42894a5dce35ea), -1140, -324}, {UINT64_C(0x9a6bb0aa55653b2d), -1113, -316}, {UINT64_C(0xe61acf033d1a45df), -1087, -308},
    {UINT64_C(0xab70fe17c79ac6ca), -1060, -300}, {UINT64_C(0xff77b1fcbebcdc4f), -1034, -292}, {UINT64_C(0xbe5691ef416bd60c), -1007, -284},
    {UINT64_C(0x8dd01fad907ffc3c), -980, -276}, {UINT64_C(0xd3515c2831559a83), -954, -268}, {UINT64_C(0x9d71ac8fada6c9b5), -927, -260},
    {UINT64_C(0xea9c227723ee8bcb), -901, -252}, {UINT64_C(0xaecc49914078536d), -874, -244}, {UINT64_C(0x823c12795db6ce57), -847, -236},
    {UINT64_C(0xc21094364dfb5637), -821, -228}, {UINT64_C(0x9096ea6f3848984f), -794, -220}, {UINT64_C(0xd77485cb25823ac7), -768, -212},
    {UINT64_C(0xa086cfcd97bf97f4), -741, -204}, {UINT64_C(0xef340a98172aace5), -715, -196}, {UINT64_C(0xb23867fb2a35b28e), -688, -188},
    {UINT64_C(0x84c8d4dfd2c63f3b), -661, -180}, {UINT64_C(0xc5dd44271ad3cdba), -635, -172}, {UINT64_C(0x936b9fcebb25c996), -608, -164},
    {UINT64_C(0xdbac6c247d62a584), -582, -156}, {UINT64_C(0xa3ab66580d5fdaf6), -555, -148}, {UINT64_C(0xf3e2f893dec3f126), -529, -140},
    {UINT64_C(0xb5b5ada8aaff80b8), -502, -132}, {UINT64_C(0x87625f056c7c4a8b), -475, -124}, {UINT64_C(0xc9bcff6034c13053), -449, -116},
    {UINT64_C(0x964e858c91ba2655), -422, -108}, {UINT64_C(0xdff9772470297ebd), -396, -100}, {UINT64_C(0xa6dfbd9fb8e5b88f), -369, -92},
    {UINT64_C(0xf8a95fcf88747d94), -343, -84}, {UINT64_C(0xb94470938fa89bcf), -316, -76}, {UINT64_C(0x8a08f0f8bf0f156b), -289, -68},
    {UINT64_C(0xcdb02555653131b6), -263, -60}, {UINT64_C(0x993fe2c6d07b7fac), -236, -52}, {UINT64_C(0xe45c10c42a2b3b06), -210, -44},
    {UINT64_C(0xaa242499697392d3), -183, -36}, {UINT64_C(0xfd87b5f28300ca0e), -157, -28}, {UINT64_C(0xbce5086492111aeb), -130, -20},
    {UINT64_C(0x8cbccc096f5088cc), -103, -12}, {UINT64_C(0xd1b71758e219652c), -77, -4}, {UINT64_C(0x9c40000000000000), -50, 4},
    {UINT64_C(0xe8d4a51000000000), -24, 12}, {UINT64_C(0xad78ebc5ac620000), 3, 20}, {UINT64_C(0x813f3978f8940984), 30, 28},
    {UINT64_C(0xc097ce7bc90715b3), 56, 36}, {UINT64_C(0x8f7e32ce7bea5c70), 83, 44}, {UINT64_C(0xd5d238a4abe98068), 109, 52},
    {UINT64_C(0x9f4f2726179a2245), 136, 60}, {UINT64_C(0xed63a231d4c4fb27), 162, 68}, {UINT64_C(0xb0de65388cc8ada8), 189, 76},
    {UINT64_C(0x83c7088e1aab65db), 216, 84}, {UINT64_C(0xc45d1df942711d9a), 242, 92}, {UINT64_C(0x924d692ca61be758), 269, 100},
    {UINT64_C(0xda01ee641a708dea), 295, 108}, {UINT64_C(0xa26da3999aef774a), 322, 116}, {UINT64_C(0xf209787bb47d6b85), 348, 124},
    {UINT64_C(0xb454e4a179dd1877), 375, 132}, {UINT64_C(0x865b86925b9bc5c2), 402, 140}, {UINT64_C(0xc83553c5c8965d3d), 428, 148},
    {UINT64_C(0x952ab45cfa97a0b3), 455, 156}, {UINT64_C(0xde469fbd99a05fe3), 481, 164}, {UINT64_C(0xa59bc234db398c25), 508, 172},
    {UINT64_C(0xf6c69a72a3989f5c), 534, 180}, {UINT64_C(0xb7dcbf5354e9bece), 561, 188}, {UINT64_C(0x88fcf317f22241e2), 588, 196},
    {UINT64_C(0xcc20ce9bd35c78a5), 614, 204}, {UINT64_C(0x98165af37b2153df), 641, 212}, {UINT64_C(0xe2a0b5dc971f303a), 667, 220},
    {UINT64_C(0xa8d9d1535ce3b396), 694, 228}, {UINT64_C(0xfb9b7cd9a4a7443c), 720, 236}, {UINT64_C(0xbb764c4ca7a44410), 747, 244},
    {UINT64_C(0x8bab8eefb6409c1a), 774, 252}, {UINT64_C(0xd01fef10a657842c), 800, 260}, {UINT64_C(0x9b10a4e5e9913129), 827, 268},
    {UINT64_C(0xe7109bfba19c0c9d), 853, 276}, {UINT64_C(0xac2820d9623bf429), 880, 284}, {UINT64_C(0x80444b5e7aa7cf85), 907, 292},
    {UINT64_C(0xbf21e44003acdd2d), 933, 300}, {UINT64_C(0x8e679c2f5e44ff8f), 960, 308}, {UINT64_C(0xd433179d9c8cb841), 986, 316},
    {UINT64_C(0x9e19db92b4e31ba9), 1013, 324}, {UINT64_C(0xeb96bf6ebadf77d9), 1039, 332}, {UINT64_C(0xaf87023b9bf0ee6b), 1066, 340},
    /* clang-format on */
};

#define FIRST_TEN (-348)
#define STEP 8
/* Products have their binary point so far to the left that what is in front of it fits into 32 bits. */
#define LEAST_EXPONENT (-60)

static number normalised(uint64_t f, int32_t e) {
  int shift = __builtin_clzll(f);
  return (number){f << shift, e - shift};
}

/* The upper half of the product, rounded. */
static number product(number a, const power *b) {
  __extension__ typedef unsigned __int128 wide;
  wide whole = (wide)a.f * b->f + ((wide)1 << 63);
  return (number){(uint64_t)(whole >> 64), a.e + b->e + 64};
}

/* The power that brings a number with exponent `e` to LEAST_EXPONENT or up to 28 above. */
static const power *power_for(int32_t e) {
  /* log10(2) = 0.30103 */
  int32_t bits = LEAST_EXPONENT - (e + 64) + 63;
  int32_t ten = (int32_t)(((int64_t)bits * 1292913986) >> 32);
  if (bits > 0 || ((int64_t)bits * 1292913986 & 0xffffffff) != 0) ten++;
  return &powers[(ten - FIRST_TEN - 1) / STEP + 1];
}

/* Lowers the last digit towards the value, and tells whether it is the nearest for sure. `unit`: how far off the
 * numbers may be. */
static bool settle(char *last, uint64_t distance, uint64_t interval, uint64_t rest, uint64_t step, uint64_t unit) {
  uint64_t near = distance - unit, far = distance + unit;
  while (rest < near && interval - rest >= step && (rest + step < near || near - rest >= rest + step - near)) {
    --*last;
    rest += step;
  }
  if (rest < far && interval - rest >= step && (rest + step < far || far - rest > rest + step - far)) return false;
  return 2 * unit <= rest && rest <= interval - 4 * unit;
}

/* Digits of the shortest number between `low` and `high`; *kappa: how many of them stand behind. */
static bool generate(number low, number value, number high, char *digits, uint32_t *count, int32_t *kappa) {
  uint64_t unit = 1, too_high = high.f + unit, interval = too_high - (low.f - unit);
  uint32_t point = (uint32_t)-value.e;
  uint64_t fraction = too_high & ((UINT64_C(1) << point) - 1);
  uint32_t whole = (uint32_t)(too_high >> point), divisor = 1;
  *kappa = 1;
  while (whole / divisor >= 10) {
    divisor *= 10;
    ++*kappa;
  }
  for (*count = 0; *kappa > 0; divisor /= 10) {
    digits[(*count)++] = (char)('0' + whole / divisor);
    whole %= divisor;
    --*kappa;
    uint64_t rest = ((uint64_t)whole << point) + fraction;
    if (rest < interval) {
      return settle(&digits[*count - 1], too_high - value.f, interval, rest, (uint64_t)divisor << point, unit);
    }
  }
  for (;;) {
    fraction *= 10;
    unit *= 10;
    interval *= 10;
    digits[(*count)++] = (char)('0' + (fraction >> point));
    fraction &= (UINT64_C(1) << point) - 1;
    --*kappa;
    if (fraction < interval) {
      return settle(&digits[*count - 1], (too_high - value.f) * unit, interval, fraction, UINT64_C(1) << point, unit);
    }
    if (*count == NCL_DECIMAL_DIGITS) return false;
  }
}

static bool fast(double value, char *digits, uint32_t *count, int32_t *exponent) {
  uint64_t bits, hidden = UINT64_C(1) << 52;
  memcpy(&bits, &value, sizeof bits);
  int32_t biased = (int32_t)(bits >> 52 & 0x7ff), kappa;
  uint64_t f = (bits & (hidden - 1)) | (biased != 0 ? hidden : 0);
  int32_t e = (biased != 0 ? biased : 1) - 1075;
  number w = normalised(f, e), plus = normalised(2 * f + 1, e - 1);
  /* Below a power of two the doubles lie twice as close. */
  number minus = f == hidden && biased > 1 ? (number){4 * f - 1, e - 2} : (number){2 * f - 1, e - 1};
  minus.f <<= minus.e - plus.e;
  minus.e = plus.e;
  const power *p = power_for(w.e);
  if (!generate(product(minus, p), product(w, p), product(plus, p), digits, count, &kappa)) return false;
  *exponent = kappa - p->ten + (int32_t)*count;
  return true;
}

/* Of normal doubles 15 digits are always right, and fewer are those without the noughts at their end. */
static void slow(double value, char *digits, uint32_t *count, int32_t *exponent) {
  char text[32];
  int last = value >= 2.3e-308 ? 14 : 0;
  for (; last < 17; last++) {
    (void)snprintf(text, sizeof text, "%.*e", last, value);
    if (last == 16 || strtod(text, NULL) == value) break;
  }
  *count = 0;
  const char *at = text;
  for (; *at != 'e'; at++) {
    if (*at >= '0' && *at <= '9') digits[(*count)++] = *at;
  }
  *exponent = (int32_t)strtol(at + 1, NULL, 10) + 1;
}

uint32_t ncl_decimal(double value, char digits[NCL_DECIMAL_DIGITS], int32_t *exponent) {
  uint32_t count;
  if (!fast(value, digits, &count, exponent)) slow(value, digits, &count, exponent);
  while (count > 1 && digits[count - 1] == '0')
    count--;
  return count;
}
