/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/main.c: the program nacelle-generate, which `nacelle generate` runs. */
#include <stdlib.h>

#include "programs/generate/send.h"

#define EXIT_USAGE 2

int main(int argc, char **argv) {
  static ncl_generate_options options; /* too large for a stack that a container may have cut */
  static ncl_report report;
  char error[512];
  int64_t took_ns = 0;
  if (!ncl_generate_options_parse(argc, argv, &options, error, sizeof error)) {
    (void)fprintf(stderr, "Error: %s\n", error);
    return EXIT_USAGE;
  }
  if (options.signal == 0) {
    ncl_generate_print_help(stdout);
    return EXIT_SUCCESS;
  }
  ncl_generate_end end = ncl_generate_send(&options, &report, &took_ns);
  if (end != NCL_GENERATE_RAN) return end == NCL_GENERATE_WRONG ? EXIT_USAGE : EXIT_FAILURE;
  ncl_report_print(&report, &options, took_ns, stdout);
  return report.not_accepted == 0 && report.accepted > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
