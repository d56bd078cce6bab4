/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the commands. Help texts and completion scripts are made from it. */
#include "core/cli/command.h"

#include <stdio.h>
#include <string.h>

#include "core/cli/completion.h"
#include "core/cli/components.h"
#include "core/cli/gates.h"
#include "core/cli/healthcheck.h"
#include "core/cli/help.h"
#include "core/cli/print_config.h"
#include "core/cli/program.h"
#include "core/cli/remote.h"
#include "core/cli/validate.h"

#define BIT(id) NCL_OPTION_BIT(NCL_OPTION_##id)
#define REMOTE_OPTIONS (BIT(CONTROL_SOCKET) | BIT(PID))
#define CONFIG_OPTIONS (BIT(CONFIG) | BIT(SET) | BIT(FEATURE_GATES) | BIT(PLUGIN_DIR))

static const ncl_command commands[] = {
    {.name = "run",
     .summary = "Take telemetry in and hand it on until SIGTERM (what happens without a command, too)",
     .words = "",
     .options = CONFIG_OPTIONS | BIT(SHUTDOWN_TIMEOUT) | BIT(WATCH_CONFIG) | BIT(CONTROL_SOCKET),
     .text =
         "Reads the config, starts what its pipelines name, and says \"Everything is ready. Begin running and "
         "processing "
         "data.\" once it serves. SIGTERM or SIGINT delivers what is held and ends; a second one ends at once.\n\n"
         "With the environment variable AOT_CONFIG_CONTENT set, its value is the config, and --config and --set do not "
         "count: so ADOT reads it, and its task definitions work unchanged.\n\n"
         "SIGHUP reads the config anew, and has it taken without an interruption: what did not change goes on, what is "
         "new "
         "starts, and what is gone hands on what it holds. A config with mistakes changes nothing; the log says what "
         "is "
         "wrong with it.\n\n"
         "A service manager that sets NOTIFY_SOCKET is told when it serves, reads the config anew, and ends: "
         "Type=notify-reload for systemd.\n\n"
         "Exit codes: 0 ended by a signal (the log says what could not be delivered in time); 1 it never served, for a "
         "mistake in the config or a start that failed; 3 a component could not go on; 5 ended at once, by a second "
         "signal or since the end did not come.",
     .examples = "With a file\tnacelle --config /etc/nacelle.yaml\n"
                 "As in an ECS task, the config in an SSM parameter that the task definition puts into a variable"
                 "\tnacelle --config env:COLLECTOR_CONFIG\n"
                 "One value changed\tnacelle --config my.yaml --set processors.batch.timeout=2s"},
    {.name = "validate",
     .summary = "Say everything that is wrong with a config, and end",
     .words = "",
     .options = CONFIG_OPTIONS | BIT(FOR_PARAMETER),
     .text =
         "Does all that `run` does before it starts anything: reads the config, loads the plugins, checks every "
         "setting, and what the settings point to (files, certificates) where that is safe. Every mistake is said at "
         "once, with its file, line and column, and what to do about it. Nothing is printed when all is well.\n\n"
         "Exit codes: 0 the config is good, maybe with warnings; 1 it is not.",
     .examples = "Before it goes into a parameter\tnacelle validate --for-parameter --config collector-config.yaml",
     .run = ncl_cli_validate},
    {.name = "print-config",
     .summary = "Print the config as it is in force: merged, expanded, with all defaults",
     .words = "",
     .options = CONFIG_OPTIONS | BIT(MODE) | BIT(VALIDATE) | BIT(FORMAT),
     .formats = "yaml|json",
     .text =
         "Shows what the collector makes of its configs: several are merged, ${env:NAME} is replaced, settings that "
         "are not written have their defaults, optional sections that are off are left out. What it prints is a "
         "config again.\n\n"
         "Secrets (passwords, tokens, headers, and whatever nobody can say of that it holds none) are replaced by "
         "[REDACTED] unless --mode unredacted asks for them.\n\n"
         "Exit codes: 0; 1 the config has errors.",
     .examples = "What a file comes to\tnacelle print-config --config my.yaml\n"
                 "For a program\tnacelle print-config --config my.yaml --format json",
     .run = ncl_cli_print_config},
    {.name = "components",
     .summary = "Say what is installed, and what a component takes",
     .words = "[TYPE]",
     .most_words = 1,
     .options = BIT(PLUGIN_DIR) | BIT(FORMAT) | BIT(SCHEMA),
     .formats = "yaml|json",
     .text =
         "Loads every plugin file and lists what it has: name, other names, what it is for, the signals that it "
         "takes, its plugin with version, ABI and file. With a TYPE (otlp, or exporters/otlp where several kinds have "
         "one) it prints every setting of that component with its default, limits and meaning, as a config that can "
         "be copied.\n\n"
         "--schema prints a JSON Schema of the whole config, by which an editor completes and checks.\n\n"
         "Exit codes: 0; 1 a plugin file cannot be loaded, or nothing has that name.",
     .examples = "All\tnacelle components\n"
                 "What the OTLP receiver takes\tnacelle components receivers/otlp\n"
                 "For an editor\tnacelle components --schema > nacelle.schema.json",
     .run = ncl_cli_components},
    {.name = "status",
     .summary = "Show how a running collector is doing",
     .words = "",
     .options = REMOTE_OPTIONS | BIT(FORMAT),
     .formats = "text|json",
     .text =
         "Asks the running process for its state, its memory, its pipelines, and of each component what went in and "
         "out, what failed, how full its queue is and what it says of itself; and what was dropped, and why. Meant for "
         "a shell in the container (ECS Exec, docker exec), also where the image has nothing but nacelle.\n\n"
         "It goes through a unix socket of the process, which serves its own user and root alone.\n\n"
         "Exit codes: 0; 1 no running collector was found, or it does not answer.",
     .examples =
         "In a container of ECS\taws ecs execute-command --task TASK --interactive --command \"/nacelle status\"\n"
         "For a program\tnacelle status --format json",
     .run = ncl_cli_status},
    {.name = "log-level",
     .summary = "Show or change the level of a running collector's log",
     .words = "[debug|info|warn|error]",
     .most_words = 1,
     .options = REMOTE_OPTIONS,
     .text =
         "Without a level it prints the one in force. With one it changes it at once, until the config is reloaded or "
         "the process ends: nothing has to be restarted for a look at the debug lines.",
     .examples = "Show\tnacelle log-level\nDebug lines for a while\tnacelle log-level debug",
     .run = ncl_cli_log_level},
    {.name = "tap",
     .summary = "Show the telemetry that goes through a pipeline of a running collector",
     .words = "PIPELINE",
     .least_words = 1,
     .most_words = 1,
     .options = REMOTE_OPTIONS | BIT(COUNT) | BIT(COMPONENT) | BIT(FORMAT),
     .formats = "json|summary",
     .text =
         "Prints a copy of each batch as it goes by: one line of OTLP/JSON, as the file exporter writes it, or with "
         "--format summary one line about it. Nothing is configured or restarted for it, and the pipeline waits for "
         "nobody: what goes by faster than it can be shown (2 MiB or 500 batches a second) is counted instead, and of "
         "a batch over 256 KiB the first records are shown.\n\n"
         "The telemetry is shown as it is, whatever the application put into it.",
     .examples = "What enters the pipeline\tnacelle tap traces\n"
                 "Whether what the application sends arrives at all\tnacelle tap traces --count 1\n"
                 "What leaves for the backend\tnacelle tap metrics --component otlp_http --format summary",
     .run = ncl_cli_tap},
    {.name = "healthcheck",
     .summary = "Ask a running collector whether it is well; exit code 0 = it is",
     .words = "",
     .options = BIT(PORT) | BIT(ENDPOINT) | BIT(TIMEOUT),
     .text =
         "For the health check of a container whose image has no shell, no wget and no curl. It asks the health_check "
         "extension (http://127.0.0.1:13133/) and succeeds if and only if the answer is 200. The config must have "
         "that extension: extensions: {health_check: } and service: {extensions: [health_check]}.\n\n"
         "A link to the program that is named `healthcheck` does the same, as ADOT's /healthcheck does.\n\n"
         "Exit codes: 0 the answer was 200; 1 it was not, or there was none.",
     .examples = "In an ECS task definition\t\"healthCheck\": {\"command\": [\"CMD\", \"/nacelle\", \"healthcheck\"]}\n"
                 "Another port\tnacelle healthcheck --port 8080\n"
                 "Another address and path\tnacelle healthcheck --endpoint http://10.0.0.7:13133/health",
     .run = ncl_cli_healthcheck},
    {.name = "featuregate",
     .summary = "List the feature gates that --feature-gates takes",
     .words = "[ID]",
     .most_words = 1,
     .text = "The Go collector switches features with --feature-gates. Nacelle understands the names, so that command "
             "lines work unchanged, but has no switches: \"Enabled\" says how it behaves, and asking for the other way "
             "round is answered with a warning.",
     .examples = "All\tnacelle featuregate\nOne\tnacelle featuregate service.profilesSupport",
     .run = ncl_cli_featuregate},
    {.name = "completion",
     .summary = "Print a script that lets a shell complete nacelle's commands and options",
     .words = "bash|zsh|fish",
     .least_words = 1,
     .most_words = 1,
     .text = "The script goes where the shell looks for such scripts, or is read when the shell starts.",
     .examples = "bash, for this shell\tsource <(nacelle completion bash)\n"
                 "bash, for good\tnacelle completion bash > /etc/bash_completion.d/nacelle\n"
                 "zsh\tnacelle completion zsh > \"${fpath[1]}/_nacelle\"\n"
                 "fish\tnacelle completion fish > ~/.config/fish/completions/nacelle.fish",
     .run = ncl_cli_completion},
    {.name = "help",
     .summary = "Explain nacelle, or a command of it",
     .words = "[COMMAND]",
     .most_words = 1,
     .text = "Says what a command is for, what it takes, and shows examples.",
     .examples = "A command\tnacelle help validate",
     .run = ncl_cli_help},
    {.name = "version",
     .summary = "Print the version",
     .words = "",
     .text = "The same as --version.",
     .examples = "\tnacelle version",
     .run = ncl_cli_version},
};

#define COMMANDS (sizeof commands / sizeof *commands)

size_t ncl_command_count(void) {
  return COMMANDS;
}

const ncl_command *ncl_command_at(size_t i) {
  return &commands[i];
}

const ncl_command *ncl_command_find(const char *name) {
  if (strcmp(name, "print-initial-config") == 0) name = "print-config";
  for (size_t i = 0; i < COMMANDS; i++) {
    if (strcmp(commands[i].name, name) == 0) return &commands[i];
  }
  return NULL;
}

bool ncl_command_near(const char *name, char *out, size_t size) {
  ncl_programs programs;
  ncl_near_miss near;
  ncl_near_miss_init(&near, ncl_str_of(name, strlen(name)));
  for (size_t i = 0; i < COMMANDS; i++)
    ncl_near_miss_offer(&near, ncl_str_of(commands[i].name, strlen(commands[i].name)));
  ncl_programs_find(&programs);
  for (size_t i = 0; i < programs.count; i++)
    ncl_near_miss_offer(&near, ncl_str_of(programs.names[i], strlen(programs.names[i])));
  (void)snprintf(out, size, "%.*s", (int)near.best.len, near.best.len > 0 ? near.best.ptr : "");
  return near.best.len > 0;
}
