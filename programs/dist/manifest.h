/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.h: what a distribution is to hold, as its author writes it down. docs/distributions.md explains each key. */
#ifndef NACELLE_DIST_MANIFEST_H
#define NACELLE_DIST_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "programs/dist/problem.h"

typedef enum ncl_layout { NCL_LAYOUT_NACELLE, NCL_LAYOUT_ADOT } ncl_layout;

typedef struct ncl_manifest_plugin {
  char *name;   /* "exporters/otlphttp": its folder and the type or an alias */
  char *file;   /* beside the manifest; NULL = the one that is installed */
  char *sha256; /* of the file; NULL = any */
} ncl_manifest_plugin;

/* A library that takes the place of the installed one of that name. */
typedef struct ncl_manifest_library {
  char *name; /* "libcurl.so.4" */
  char *file; /* beside the manifest */
} ncl_manifest_library;

/* A further file of the image. */
typedef struct ncl_manifest_file {
  char *source; /* beside the manifest */
  char *target; /* "/etc/ecs/x.yaml" */
  bool executable;
} ncl_manifest_file;

typedef struct ncl_manifest_label {
  char *name, *value;
} ncl_manifest_label;

typedef struct ncl_manifest {
  char *name;
  char *version;      /* NULL = Nacelle's */
  char *architecture; /* "amd64", "arm64"; NULL = that of the installed program */
  ncl_layout layout;
  char *config; /* the default config, beside the manifest; NULL = none */
  char *user;   /* "65532:65532" */
  bool shell;   /* busybox as /bin/sh, with wget and its like */
  char **omit;  /* libraries that are only opened when they are needed, and are left out: "libsnappy.so.1" */
  unsigned omit_count;
  ncl_manifest_library *libraries;
  unsigned libraries_count;
  ncl_manifest_plugin *plugins;
  unsigned plugins_count;
  char **programs; /* beside nacelle: "check" */
  unsigned programs_count;
  ncl_manifest_file *files;
  unsigned files_count;
  ncl_manifest_label *labels;
  unsigned labels_count;
  char **expose; /* "4317/tcp" */
  unsigned expose_count;
} ncl_manifest;

/* Reads and checks it. The words of libcyaml about what is wrong, with line and key, are in *problem. */
bool ncl_manifest_load(const char *path, ncl_manifest **manifest, ncl_problem *problem);
void ncl_manifest_free(ncl_manifest *manifest);

#endif
