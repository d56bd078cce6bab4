/* SPDX-License-Identifier: Apache-2.0 */
/* contents.h: what of the installed Nacelle and of the system a manifest means, and the two trees that come of it. */
#ifndef NACELLE_DIST_CONTENTS_H
#define NACELLE_DIST_CONTENTS_H

#include "programs/dist/debian.h"
#include "programs/dist/digest.h"
#include "programs/dist/libraries.h"
#include "programs/dist/manifest.h"
#include "programs/dist/tree.h"

#define NCL_CONTENTS_PLUGINS_MAX 512u
#define NCL_IMAGE_VOLUME "var/lib/nacelle" /* of an image: where queues on disk go, writable for any user */

/* A plugin, or a program. */
typedef struct ncl_part {
  char *name; /* "exporters/otlp_http", "nacelle" */
  char *file;
  char *alias; /* "exporters/otlphttp", a link to it; NULL = none */
  char sha256[NCL_DIGEST_HEX];
} ncl_part;

typedef struct ncl_contents {
  const ncl_manifest *manifest;
  const char *base;   /* folder of the manifest, without a slash at its end */
  const char *prefix; /* of the installed Nacelle */
  const char *root;   /* of the system that libraries and certificates are taken from; "" = this one */
  ncl_part parts[NCL_CONTENTS_PLUGINS_MAX];
  size_t part_count;
  ncl_libraries libraries;
  ncl_debian debian;
} ncl_contents;

/* Finds everything, and checks the sha256 of plugins. */
bool ncl_contents_find(ncl_contents *contents, ncl_problem *problem);
/* bin/, lib/nacelle/, etc/nacelle/: to be unpacked anywhere on a system that has the libraries. */
bool ncl_contents_plain(const ncl_contents *contents, ncl_tree *tree, ncl_problem *problem);
/* The root of an image: the same with all that it runs on. */
bool ncl_contents_image(const ncl_contents *contents, ncl_tree *tree, ncl_problem *problem);
void ncl_contents_free(ncl_contents *contents);

const char *ncl_contents_architecture(const ncl_contents *contents); /* "amd64" */
const char *ncl_contents_version(const ncl_contents *contents);
const char *ncl_contents_user(const ncl_contents *contents); /* "65532:65532" */
/* Where the default config lies in the image; NULL = there is none. */
const char *ncl_contents_config(const ncl_contents *contents);

#endif
