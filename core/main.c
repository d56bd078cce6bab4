/* SPDX-License-Identifier: Apache-2.0 */
/* core/main.c: the program `nacelle`. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cli/command.h"
#include "core/cli/exit_codes.h"
#include "core/cli/help.h"
#include "core/cli/program.h"
#include "core/cli/run.h"

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

#define LATE_S 5u /* beyond its deadline, a shutdown is not waited for any longer */
#define HEALTHCHECK_WORDS_MAX 16u
#define AGAIN_S 2u               /* what the loop gets to answer a second signal */
#define KEPT_BY_MALLOC (4 << 20) /* free bytes at the end of an arena, and blocks that are never kept */
#define ARENAS 2                 /* of malloc: the loop's, and one for the threads of the pool */

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
  if (write(STDERR_FILENO, words, sizeof words - 1) < 0) _exit(NCL_EXIT_FORCED);
  _exit(NCL_EXIT_FORCED);
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

static ncl_crash crash;
static ncl_stall stall;
static char crash_stack[64 * 1024]; /* so that a stack that overflows has a handler, too */

static void write_line(const char *line, size_t len) {
  if (write(STDERR_FILENO, line, len) < 0) return; /* there is nobody else to tell */
}

/* Says whose code it was, then lets the process die of the same signal. */
static void on_crash(int number, siginfo_t *info, void *context) {
  char line[NCL_CRASH_LINE_MAX];
  write_line(line, ncl_crash_line(&crash, number, info, context, line, sizeof line));
  if (info->si_code > 0 && number != SIGABRT) return; /* the instruction fails again, with nobody to catch it */
  (void)raise(number);
  _exit(128 + number); /* as process 1, which no signal of its own ends */
}

static void guard_crashes(void) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !__has_feature(address_sanitizer) && \
    !__has_feature(thread_sanitizer)
  static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
  const stack_t own = {.ss_sp = crash_stack, .ss_size = sizeof crash_stack};
  (void)sigaltstack(&own, NULL);
  struct sigaction action = {.sa_sigaction = on_crash};
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | (int)SA_RESETHAND;
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    (void)sigaction(signals[i], &action, NULL);
#else
  (void)on_crash; /* the sanitizer says it better */
  (void)crash_stack;
#endif
}

/* On the loop's thread, wherever that is. */
static void on_tick(int number, siginfo_t *info, void *context) {
  char line[NCL_CRASH_LINE_MAX];
  (void)number, (void)info;
  if (!ncl_stall_tick(&stall)) return;
  write_line(line, ncl_crash_stalled(&crash, stall.words, context, line, sizeof line));
  _exit(NCL_EXIT_FATAL);
}

static void guard_loop(void) {
  struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_RESTART};
  (void)sigaction(NCL_STALL_SIGNAL, &action, NULL);
  ncl_stall_set(&stall, getenv("NACELLE_STALL_SECONDS"));
}

/* By itself glibc keeps at the end of each arena up to twice the largest block that was ever freed, 64 MiB at most:
 * memory that no budget knows of. */
static void limit_malloc(void) {
  (void)mallopt(M_MMAP_THRESHOLD, KEPT_BY_MALLOC);
  (void)mallopt(M_TRIM_THRESHOLD, KEPT_BY_MALLOC);
  (void)mallopt(M_ARENA_MAX, ARENAS);
}

static const char *environment(const char *name) {
  return getenv(name);
}

/* A link to the program may have the name of a command, as ADOT's image has a /healthcheck. */
static bool is_healthcheck(const char *program) {
  const char *slash = strrchr(program, '/');
  return strcmp(slash == NULL ? program : slash + 1, "healthcheck") == 0;
}

static int run_command(int argc, char **argv) {
  ncl_options options;
  char error[512];
  int exit_code = EXIT_FAILURE;
  if (!ncl_options_parse(argc, argv, environment, &options, error, sizeof error)) {
    (void)fprintf(stderr, "Error: %s\n", error);
  } else if (options.help && options.command->run != ncl_cli_help) {
    ncl_cli_help_of(options.command);
    exit_code = EXIT_SUCCESS;
  } else if (options.command->run != NULL) {
    exit_code = options.command->run(&options);
    if (fflush(stdout) != 0 || ferror(stdout)) {
      (void)fprintf(stderr, "Error: standard output could not be written\n");
      exit_code = EXIT_FAILURE;
    }
  } else {
    const ncl_guard all = {guard_stop_signals, &crash, &stall};
    guard_crashes();
    guard_loop();
    exit_code = ncl_cli_run(&options, &all);
  }
  ncl_options_free(&options);
  return exit_code;
}

int main(int argc, char **argv) {
  limit_malloc();
  if (argc > 0 && is_healthcheck(argv[0])) {
    char *words[HEALTHCHECK_WORDS_MAX + 3] = {argv[0], (char[]){"healthcheck"}};
    int count = argc - 1 < (int)HEALTHCHECK_WORDS_MAX ? argc - 1 : (int)HEALTHCHECK_WORDS_MAX;
    memcpy(words + 2, argv + 1, (size_t)count * sizeof *argv);
    return run_command(count + 2, words);
  }
  if (argc > 1 && argv[1][0] != '-' && ncl_command_find(argv[1]) == NULL && ncl_program_exec(argv[1], argv + 2)) {
    return EXIT_FAILURE;
  }
  return run_command(argc, argv);
}
