/* SPDX-License-Identifier: Apache-2.0 */
/* ec2.c: the detector ec2: the instance that the collector runs on, from IMDSv2: its identity document, its host name,
 * and those of its tags that are wanted. */
#include <nacelle/config_fill.h>
#include <nacelle/json_doc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detection.h"
#include "ec2_tags.h"

#define IDENTITY "/latest/dynamic/instance-identity/document"
#define HOSTNAME "/latest/meta-data/hostname"
#define TAGS "/latest/meta-data/tags/instance"

/* Questions, one after the other. */
enum { ASK_IDENTITY, ASK_HOSTNAME, ASK_TAG_NAMES, ASK_TAG };

typedef struct ec2_work {
  ncl_detector *detector;
  ncl_token token; /* of the question under way; 0 = none */
  uint32_t step;
  char *names;  /* of the tags, a line each */
  ncl_str left; /* those that are not asked for yet */
  ncl_str tag;  /* the one that is */
} ec2_work;

#define FMT(s) (int)(s).len, (s).len > 0 ? (s).ptr : ""

static void free_work(ncl_detector *detector) {
  ec2_work *w = detector->work;
  detector->work = NULL;
  if (w != NULL) free(w->names);
  free(w);
}

static void cancel_ec2(ncl_detector *detector) {
  ec2_work *w = detector->work;
  if (w != NULL) ncl_detector_unask(detector, w->token);
  free_work(detector);
}

static void succeed(ec2_work *w) {
  ncl_detector *detector = w->detector;
  free_work(detector);
  ncl_detector_succeed(detector);
}

static void fail(ec2_work *w, ncl_str message) {
  ncl_detector *detector = w->detector;
  char words[NCL_DETECTOR_WORDS];
  (void)snprintf(words, sizeof words, "%.*s", FMT(message));
  free_work(detector);
  ncl_detector_fail(detector, ncl_found_str(words));
}

/* ---- answers ----------------------------------------------------------------------------------------- */

static void put(ncl_found *found, const ncl_json_doc *doc, const char *key, const char *name) {
  ncl_found_word(found, key, ncl_json_text(ncl_json_get(doc, ncl_json_root(doc), name)));
}

static bool take_identity(ncl_found *found, ncl_range body) {
  ncl_json_doc doc;
  bool ok = ncl_json_doc_open(&doc, body) == NCL_OK &&
            ncl_json_text(ncl_json_get(&doc, ncl_json_root(&doc), "instanceId")).len > 0;
  if (ok) {
    ncl_found_word(found, "cloud.provider", ncl_found_str("aws"));
    ncl_found_word(found, "cloud.platform", ncl_found_str("aws_ec2"));
    put(found, &doc, "cloud.region", "region");
    put(found, &doc, "cloud.account.id", "accountId");
    put(found, &doc, "cloud.availability_zone", "availabilityZone");
    put(found, &doc, "host.id", "instanceId");
    put(found, &doc, "host.image.id", "imageId");
    put(found, &doc, "host.type", "instanceType");
  }
  ncl_json_doc_close(&doc);
  return ok;
}

static bool is_plain(ncl_str text) {
  for (size_t i = 0; i < text.len; i++) {
    if ((unsigned char)text.ptr[i] <= ' ' || (unsigned char)text.ptr[i] >= 0x7f || text.ptr[i] == '/') return false;
  }
  return text.len > 0 && text.len <= 128;
}

/* The next name that is wanted. */
static bool next_tag(ec2_work *w) {
  const ncl_value *patterns = ncl_value_get(w->detector->config, ncl_found_str("tags"));
  while (w->left.len > 0) {
    const char *end = memchr(w->left.ptr, '\n', w->left.len);
    size_t len = end != NULL ? (size_t)(end - w->left.ptr) : w->left.len, skipped = end != NULL ? len + 1 : len;
    ncl_str name = ncl_str_of(w->left.ptr, len);
    w->left = ncl_str_of(w->left.ptr + skipped, w->left.len - skipped);
    if (!is_plain(name) || !ncl_ec2_tags_match(patterns, name)) continue;
    w->tag = name;
    return true;
  }
  return false;
}

static void take_tag(ec2_work *w, ncl_range body) {
  char key[160];
  (void)snprintf(key, sizeof key, "ec2.tag.%.*s", FMT(w->tag));
  ncl_found_word(&w->detector->next, key, ncl_str_of((const char *)body.ptr, body.len));
}

static void advance(ec2_work *w);

/* False: over, in one way or the other. */
static bool take(ec2_work *w, const ncl_outcome *outcome) {
  const ncl_aws_document *document = outcome->result;
  bool ok = outcome->status == NCL_OK;
  switch (w->step) {
    case ASK_IDENTITY:
      if (ok && take_identity(&w->detector->next, document->body)) return true;
      if (ok) {
        fail(w, ncl_found_str("the identity document cannot be read"));
      } else {
        /* Whoever does not answer there is no instance, as far as can be told. */
        ncl_detector *detector = w->detector;
        char words[NCL_DETECTOR_WORDS];
        (void)snprintf(words, sizeof words, "%.*s", FMT(outcome->message));
        free_work(detector);
        ncl_detector_miss(detector, ncl_found_str(words));
      }
      return false;
    case ASK_HOSTNAME:
      if (!ok) {
        fail(w, outcome->message);
        return false;
      }
      ncl_found_word(&w->detector->next, "host.name", ncl_str_of((const char *)document->body.ptr, document->body.len));
      return true;
    case ASK_TAG_NAMES:
      if (!ok) {
        ncl_detector_warn(w->detector, "resource.no_tags",
                          "Tags are read from the instance's metadata: they have to be allowed there "
                          "(InstanceMetadataTags=enabled).",
                          "reason", outcome->message);
        return true;
      }
      w->names = strndup((const char *)document->body.ptr, document->body.len);
      if (w->names != NULL) w->left = ncl_found_str(w->names);
      return true;
    default:
      if (ok) take_tag(w, document->body);
      return true;
  }
}

static void on_document(void *arg, const ncl_outcome *outcome) {
  ec2_work *w = arg;
  w->token = 0;
  if (take(w, outcome)) advance(w);
}

/* ---- questions --------------------------------------------------------------------------------------- */

static void ask(ec2_work *w, const char *path) {
  ncl_detector_ask(w->detector, NCL_AWS_EC2_METADATA, path, on_document, w, &w->token);
}

/* What is asked next; the end when there is nothing. */
static void advance(ec2_work *w) {
  const ncl_value *patterns = ncl_value_get(w->detector->config, ncl_found_str("tags"));
  char path[sizeof TAGS + 140];
  if (w->step == ASK_IDENTITY) {
    w->step = ASK_HOSTNAME;
    ask(w, HOSTNAME);
  } else if (w->step == ASK_HOSTNAME && ncl_config_count(patterns) > 0) {
    w->step = ASK_TAG_NAMES;
    ask(w, TAGS);
  } else if (w->step >= ASK_TAG_NAMES && next_tag(w)) {
    w->step = ASK_TAG;
    (void)snprintf(path, sizeof path, TAGS "/%.*s", FMT(w->tag));
    ask(w, path);
  } else {
    succeed(w);
  }
}

static void begin_ec2(ncl_detector *detector) {
  if (ncl_detector_aws(detector) == NULL) return;
  ec2_work *w = calloc(1, sizeof *w);
  if (w == NULL) {
    ncl_detector_fail(detector, ncl_found_str("no memory"));
    return;
  }
  w->detector = detector;
  detector->work = w;
  ask(w, IDENTITY);
}

const ncl_detector_type ncl_detector_ec2 = {"ec2", begin_ec2, cancel_ec2};
