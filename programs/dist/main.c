/* SPDX-License-Identifier: Apache-2.0 */
/* programs/dist/main.c: the program nacelle-dist, which `nacelle dist` runs. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs/dist/output.h"
#include "programs/dist/sbom.h"

#define EXIT_USAGE 2
#define SBOM_MAX ((size_t)16 << 20)

static const char help[] =
    "Builds a distribution: Nacelle with just the plugins that a manifest names, as a folder, a .tar.gz and an image.\n"
    "\n"
    "Usage:\n"
    "  nacelle dist build MANIFEST [options]\n"
    "\n"
    "Options:\n"
    "  --output DIR   folder to write to; it is made where it is missing (.)\n"
    "  --prefix DIR   the Nacelle to take programs and plugins from (the one that this program is part of)\n"
    "  --root DIR     the Debian to take libraries and certificates from (/)\n"
    "  --only KIND    folder, archive or image; repeatable (all three)\n"
    "\n"
    "Written are NAME-VERSION-ARCH/, .tar.gz, .oci/ (an OCI image layout) and .spdx.json (the bill of materials). The\n"
    "same manifest and the same files give the same bytes; the time in them is SOURCE_DATE_EPOCH, or 1970.\n"
    "\n"
    "Examples:\n"
    "  An image with the plugins of sidecar.yaml    nacelle dist build sidecar.yaml --output out --only image\n"
    "  Copied to a registry                         skopeo copy oci:out/sidecar-0.1.0-amd64.oci docker://...\n";

enum { ONLY_FOLDER = 1, ONLY_ARCHIVE = 2, ONLY_IMAGE = 4 };

typedef struct dist_options {
  const char *manifest, *output, *prefix, *root;
  uint32_t only;
  bool is_help;
} dist_options;

static bool add_only(dist_options *options, const char *kind, ncl_problem *problem) {
  static const char *const kinds[] = {"folder", "archive", "image"};
  for (uint32_t i = 0; i < 3; i++) {
    if (strcmp(kind, kinds[i]) != 0) continue;
    options->only |= 1u << i;
    return true;
  }
  return ncl_problem_set(problem, "--only %s: folder, archive or image", kind);
}

static bool parse(int argc, char **argv, dist_options *options, ncl_problem *problem) {
  static const struct option known[] = {
      {"output", required_argument, NULL, 'o'}, {"prefix", required_argument, NULL, 'p'},
      {"root", required_argument, NULL, 'r'},   {"only", required_argument, NULL, 'k'},
      {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
  int c;
  opterr = 0;
  *options = (dist_options){.output = ".", .root = ""};
  while ((c = getopt_long(argc, argv, "h", known, NULL)) != -1) {
    if (c == 'h') options->is_help = true;
    if (c == 'o') options->output = optarg;
    if (c == 'p') options->prefix = optarg;
    if (c == 'r') options->root = strcmp(optarg, "/") == 0 ? "" : optarg;
    if (c == 'k' && !add_only(options, optarg, problem)) return false;
    if (c == '?') return ncl_problem_set(problem, "unknown option, or one without its value: %s", argv[optind - 1]);
  }
  if (options->only == 0) options->only = ONLY_FOLDER | ONLY_ARCHIVE | ONLY_IMAGE;
  if (options->is_help || optind == argc) {
    options->is_help = true;
    return true;
  }
  if (strcmp(argv[optind], "build") != 0 || argc - optind != 2) {
    return ncl_problem_set(problem, "usage: nacelle dist build MANIFEST [options] (`nacelle dist --help` explains)");
  }
  options->manifest = argv[optind + 1];
  return true;
}

/* The folder above bin/, in which this program lies. */
static bool find_prefix(char prefix[PATH_MAX], ncl_problem *problem) {
  if (realpath("/proc/self/exe", prefix) == NULL)
    return ncl_problem_set(problem, "/proc/self/exe: %s", strerror(errno));
  for (int i = 0; i < 2; i++) {
    char *slash = strrchr(prefix, '/');
    if (slash != NULL) *slash = '\0';
  }
  return true;
}

static bool find_base(const char *manifest, char base[PATH_MAX], ncl_problem *problem) {
  if (realpath(manifest, base) == NULL) return ncl_problem_set(problem, "%.800s: %s", manifest, strerror(errno));
  *strrchr(base, '/') = '\0';
  return true;
}

static int64_t created_at(void) {
  const char *text = getenv("SOURCE_DATE_EPOCH");
  return text != NULL ? (int64_t)strtoll(text, NULL, 10) : 0;
}

static bool write_sbom(const ncl_contents *contents, ncl_tree *tree, bool is_image, const char *beside, int64_t now,
                       ncl_problem *problem) {
  ncl_writer w;
  char path[400];
  ncl_writer_heap(&w, SBOM_MAX);
  (void)snprintf(path, sizeof path, "%sshare/sbom/%s.spdx.json", is_image ? "usr/" : "", contents->manifest->name);
  bool ok = ncl_sbom_write(contents, is_image, now, &w, problem) &&
            ncl_tree_text(tree, path, (const char *)w.base, w.len, 0644, problem) &&
            (beside == NULL || ncl_output_text(beside, w.base, w.len, problem));
  ncl_writer_close(&w);
  return ok;
}

static bool write_plain(const ncl_contents *contents, const dist_options *options, const char *name, int64_t now,
                        ncl_problem *problem) {
  char path[PATH_MAX], prefix[NAME_MAX + 2];
  ncl_tree tree = {0};
  bool ok = ncl_contents_plain(contents, &tree, problem) && write_sbom(contents, &tree, false, NULL, now, problem);
  ncl_tree_sort(&tree);
  if (ok && (options->only & ONLY_FOLDER) != 0) {
    (void)snprintf(path, sizeof path, "%s/%s", options->output, name);
    ok = ncl_output_folder(&tree, path, now, problem);
    if (ok) (void)printf("%s/\n", path);
  }
  if (ok && (options->only & ONLY_ARCHIVE) != 0) {
    (void)snprintf(path, sizeof path, "%s/%s.tar.gz", options->output, name);
    (void)snprintf(prefix, sizeof prefix, "%.250s/", name);
    ok = ncl_output_archive(&tree, path, prefix, now, NULL, problem);
    if (ok) (void)printf("%s\n", path);
  }
  ncl_tree_free(&tree);
  return ok;
}

static bool write_image(const ncl_contents *contents, const dist_options *options, const char *name, int64_t now,
                        ncl_problem *problem) {
  char path[PATH_MAX], sbom[PATH_MAX];
  ncl_tree tree = {0};
  (void)snprintf(path, sizeof path, "%s/%s.oci", options->output, name);
  (void)snprintf(sbom, sizeof sbom, "%s/%s.spdx.json", options->output, name);
  bool ok = ncl_contents_image(contents, &tree, problem) && write_sbom(contents, &tree, true, sbom, now, problem);
  ncl_tree_sort(&tree);
  ok = ok && ncl_output_image(contents, &tree, path, now, problem);
  if (ok) (void)printf("%s\n%s/\n", sbom, path);
  ncl_tree_free(&tree);
  return ok;
}

static bool build(const dist_options *options, ncl_contents *contents, ncl_problem *problem) {
  char name[400];
  int64_t now = created_at();
  if (mkdir(options->output, 0755) != 0 && errno != EEXIST) {
    return ncl_problem_set(problem, "%.800s cannot be made: %s", options->output, strerror(errno));
  }
  if (!ncl_contents_find(contents, problem)) return false;
  (void)snprintf(name, sizeof name, "%.128s-%.128s-%s", contents->manifest->name, ncl_contents_version(contents),
                 ncl_contents_architecture(contents));
  if ((options->only & (ONLY_FOLDER | ONLY_ARCHIVE)) != 0 && !write_plain(contents, options, name, now, problem)) {
    return false;
  }
  return (options->only & ONLY_IMAGE) == 0 || write_image(contents, options, name, now, problem);
}

static bool run(const dist_options *options, ncl_problem *problem) {
  static ncl_contents contents; /* too large for a stack */
  char prefix[PATH_MAX], base[PATH_MAX];
  ncl_manifest *manifest = NULL;
  if (options->prefix == NULL && !find_prefix(prefix, problem)) return false;
  if (!find_base(options->manifest, base, problem)) return false;
  if (!ncl_manifest_load(options->manifest, &manifest, problem)) return false;
  contents.manifest = manifest;
  contents.base = base;
  contents.prefix = options->prefix != NULL ? options->prefix : prefix;
  contents.root = options->root;
  bool ok = build(options, &contents, problem);
  ncl_contents_free(&contents);
  ncl_manifest_free(manifest);
  return ok;
}

int main(int argc, char **argv) {
  dist_options options;
  ncl_problem problem = {""};
  (void)umask(022);
  if (!parse(argc, argv, &options, &problem)) {
    (void)fprintf(stderr, "Error: %s\n", problem.text);
    return EXIT_USAGE;
  }
  if (options.is_help) {
    (void)fputs(help, stdout);
    return EXIT_SUCCESS;
  }
  if (run(&options, &problem)) return EXIT_SUCCESS;
  (void)fprintf(stderr, "Error: %s\n", problem.text);
  return EXIT_FAILURE;
}
