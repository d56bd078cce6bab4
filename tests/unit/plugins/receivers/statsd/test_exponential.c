/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/receivers/statsd/exponential.c: every value lies in its bucket, at whatever scale; histograms are compared
 * with the Go receiver's in tests/oracle/statsd_go. */
#include <math.h>
#include <stdlib.h>

#include "../../plugin_test.h"
#include "plugins/receivers/statsd/exponential.h"

typedef struct histogram {
  ncl_exponential h;
  uint64_t counts[2 * 160];
} histogram;

static void open_histogram(histogram *h, int32_t max_size) {
  memset(h, 0, sizeof *h);
  ncl_exponential_open(&h->h, max_size, h->counts);
}

static uint64_t sum_of(const ncl_exponential_side *side) {
  uint64_t sum = 0;
  for (int32_t i = side->first; side->is_used && i <= side->last; i++)
    sum += side->counts[i - side->first];
  return sum;
}

/* The bucket `index` holds `value`; its ends are only as exact as exp2. */
static void assert_in(const ncl_exponential *h, int32_t index, double value) {
  double low = exp2(ldexp(index, -h->scale)), high = exp2(ldexp(index + 1.0, -h->scale));
  assert_true(value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9));
}

static void one_value_has_the_finest_scale(void **state) {
  histogram h;
  (void)state;
  open_histogram(&h, 160);
  ncl_exponential_add(&h.h, 3.7, 2);
  assert_int_equal(h.h.scale, NCL_EXPONENTIAL_SCALE_MAX);
  assert_int_equal(h.h.positive.first, h.h.positive.last);
  assert_in(&h.h, h.h.positive.first, 3.7);
  assert_int_equal(h.h.count, 2);
}

static void powers_of_two_are_the_upper_ends_of_their_buckets(void **state) {
  histogram h;
  (void)state;
  open_histogram(&h, 2);
  ncl_exponential_add(&h.h, 1, 1);
  ncl_exponential_add(&h.h, 2, 1);
  assert_int_equal(h.h.scale, 0);
  assert_int_equal(h.h.positive.first, -1);
  assert_int_equal(h.h.positive.last, 0);
}

static void buckets_never_exceed_their_number(void **state) {
  static const int32_t sizes[] = {2, 3, 10, 160};
  static const double extremes[] = {1e-300, 1e300, 5e-324, 1.7e308, 1, 0, 2.2250738585072014e-308};
  (void)state;
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    histogram h;
    double least = INFINITY, greatest = 0;
    uint64_t count = 0;
    open_histogram(&h, sizes[s]);
    srand(7);
    for (int i = 0; i < 3000; i++) {
      double value = i % 500 == 0 ? extremes[(i / 500) % 7] : exp((double)(rand() % 2000) / 100 - 10);
      double sign = i % 3 == 0 ? -1 : 1;
      ncl_exponential_add(&h.h, value * sign, 1 + (uint64_t)(i % 2));
      count += 1 + (uint64_t)(i % 2);
      if (value > 0 && sign > 0 && value < least) least = value;
      if (sign > 0 && value > greatest) greatest = value;
      assert_true(h.h.positive.last - h.h.positive.first < sizes[s]);
      assert_true(h.h.negative.last - h.h.negative.first < sizes[s]);
    }
    assert_int_equal(h.h.count, count);
    assert_int_equal(sum_of(&h.h.positive) + sum_of(&h.h.negative) + h.h.zero_count, count);
  }
}

static void buckets_go_down_as_well_as_up(void **state) {
  histogram up, down;
  (void)state;
  open_histogram(&up, 20);
  open_histogram(&down, 20);
  for (int i = 1; i <= 50; i++) {
    ncl_exponential_add(&up.h, i, 1);
    ncl_exponential_add(&down.h, 51 - i, 1);
  }
  assert_int_equal(up.h.scale, down.h.scale);
  assert_int_equal(up.h.positive.first, down.h.positive.first);
  assert_memory_equal(up.counts, down.counts, sizeof up.counts);
  assert_true(up.h.min == 1 && up.h.max == 50 && up.h.sum == 1275);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_value_has_the_finest_scale),
      cmocka_unit_test(powers_of_two_are_the_upper_ends_of_their_buckets),
      cmocka_unit_test(buckets_never_exceed_their_number),
      cmocka_unit_test(buckets_go_down_as_well_as_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
