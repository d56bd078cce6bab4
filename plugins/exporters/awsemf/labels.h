/* SPDX-License-Identifier: Apache-2.0 */
/* labels.h: the labels of a data point: its attributes as texts, each key once, in order. */
#ifndef NCL_EMF_LABELS_H
#define NCL_EMF_LABELS_H

#include <nacelle/otlp_read.h>

#include "room.h"

/* The dimension that names the scope; the attribute that is no label. */
#define NCL_EMF_OTEL_LIB "OTelLib"
#define NCL_EMF_RESOLUTION "aws.emf.storage_resolution"

typedef struct ncl_emf_label {
  ncl_str key;
  ncl_str text;
} ncl_emf_label;

typedef struct ncl_emf_labels {
  const ncl_emf_label *list; /* by key, in the order of bytes */
  uint32_t count;
  uint32_t resolution; /* seconds: 60, or what aws.emf.storage_resolution says, which is taken out of the list */
  uint64_t hash;
} ncl_emf_labels;

/* What the labels of a point are made of besides its attributes. */
typedef struct ncl_emf_extra {
  const ncl_emf_labels *resource; /* they stand over those of the point; NULL = none */
  ncl_str scope;                  /* OTelLib, over all others; "" = none */
  ncl_str quantile_key, quantile; /* one more label; key "" = none */
  uint32_t is_kubernetes;         /* pods and containers get the label `kubernetes` */
} ncl_emf_extra;

/* NCL_OK, NCL_NO_MEMORY. Texts point into the attributes or into `room`. */
ncl_status ncl_emf_labels_make(ncl_emf_room *room, ncl_repeated attributes, const ncl_emf_extra *extra,
                               ncl_emf_labels *labels);
/* The text of a label; ptr == NULL = there is none. */
ncl_str ncl_emf_label_of(const ncl_emf_labels *labels, ncl_str key);
bool ncl_emf_labels_same(const ncl_emf_labels *a, const ncl_emf_labels *b);

/* kubernetes.c: the value of `kubernetes`: JSON, as ECS's logs have it. ptr == NULL = no memory. */
ncl_str ncl_emf_kubernetes(ncl_emf_room *room, const ncl_emf_labels *labels);

#endif
