/* SPDX-License-Identifier: Apache-2.0 */
/* core/main.c: the program `nacelle`. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/cli/options.h"
#include "core/cli/run.h"
#include "core/cli/validate.h"

#define LATE_S 5u  /* beyond its deadline, a shutdown is not waited for any longer */
#define AGAIN_S 2u /* what the loop gets to answer a second signal */

/* What a signal handler needs, and a handler gets no argument. */
static struct {
  volatile sig_atomic_t stops; /* SIGTERM and SIGINT so far */
  unsigned shutdown_s;
  struct sigaction term, interrupt; /* those of the loop */
} guard;

/* The loop stands: a callback does not return. */
static void on_alarm(int number) {
  static const char words[] = "Error: the shutdown does not end, since a component does not return; ending at once\n";
  (void)number;
  if (write(STDERR_FILENO, words, sizeof words - 1) < 0) _exit(EXIT_FAILURE);
  _exit(EXIT_FAILURE);
}

/* The loop gets the signal, and an alarm sees to it that something comes of it. A third one ends at once. */
static void on_stop(int number) {
  if (guard.stops < 3) guard.stops = guard.stops + 1;
  if (guard.stops == 3) on_alarm(number);
  (void)alarm(guard.stops == 1 ? guard.shutdown_s + LATE_S : AGAIN_S);
  (number == SIGTERM ? guard.term : guard.interrupt).sa_handler(number);
}

static void guard_stop_signals(int64_t within_ns) {
  int64_t seconds = within_ns / 1000000000;
  guard.shutdown_s = seconds > 1000000 ? 1000000 : (unsigned)seconds;
  struct sigaction on_late = {.sa_handler = on_alarm};
  (void)sigaction(SIGALRM, &on_late, NULL);
  (void)sigaction(SIGTERM, NULL, &guard.term);
  (void)sigaction(SIGINT, NULL, &guard.interrupt);
  struct sigaction stop = guard.term; /* its mask and flags */
  stop.sa_handler = on_stop;
  (void)sigaction(SIGTERM, &stop, NULL);
  (void)sigaction(SIGINT, &stop, NULL);
}

static int run_command(const ncl_options *options) {
  switch (options->command) {
    case NCL_COMMAND_HELP:
      (void)fputs(ncl_options_help, stdout);
      return EXIT_SUCCESS;
    case NCL_COMMAND_VERSION:
      (void)printf("nacelle version %s\n", NCL_VERSION);
      return EXIT_SUCCESS;
    case NCL_COMMAND_VALIDATE:
      return ncl_cli_validate(options);
    case NCL_COMMAND_RUN:
      break;
  }
  return ncl_cli_run(options, guard_stop_signals);
}

int main(int argc, char **argv) {
  ncl_options options;
  char error[512];
  int exit_code = EXIT_FAILURE;
  if (ncl_options_parse(argc, argv, &options, error, sizeof error)) {
    exit_code = run_command(&options);
  } else {
    (void)fprintf(stderr, "Error: %s\n", error);
  }
  ncl_options_free(&options);
  return exit_code;
}
