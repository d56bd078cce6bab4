/* SPDX-License-Identifier: Apache-2.0 */
/* kubernetes.c: labels of pods on EKS Fargate as the object that Container Insights looks for. */
#include <nacelle/json_write.h>

#include "labels.h"

/* Bytes of the object; a longer one is left out. */
#define OBJECT_MAX ((size_t)64 << 10)

static ncl_str get(const ncl_emf_labels *labels, const char *key) {
  ncl_str text = ncl_emf_label_of(labels, ncl_str_of(key, __builtin_strlen(key)));
  return text.ptr != NULL ? text : ncl_str_of("", 0);
}

static void put(ncl_writer *w, const ncl_emf_labels *labels, const char *name, const char *key) {
  ncl_str text = get(labels, key);
  if (text.len == 0) return;
  ncl_json_put_name(w, ncl_str_of(name, __builtin_strlen(name)));
  ncl_json_put_str(w, text);
}

ncl_str ncl_emf_kubernetes(ncl_emf_room *room, const ncl_emf_labels *labels) {
  ncl_writer w;
  ncl_writer_heap(&w, OBJECT_MAX);
  ncl_json_open(&w);
  put(&w, labels, "container_name", "container");
  if (get(labels, "container_id").len > 0) {
    ncl_json_put_key(&w, "docker");
    ncl_json_open(&w);
    put(&w, labels, "container_id", "container_id");
    ncl_json_close(&w);
  }
  put(&w, labels, "host", "NodeName");
  if (get(labels, "app").len > 0 || get(labels, "pod-template-hash").len > 0) {
    ncl_json_put_key(&w, "labels");
    ncl_json_open(&w);
    put(&w, labels, "app", "app");
    put(&w, labels, "pod-template-hash", "pod-template-hash");
    ncl_json_close(&w);
  }
  put(&w, labels, "namespace_name", "Namespace");
  put(&w, labels, "pod_id", "PodId");
  put(&w, labels, "pod_name", "PodName");
  if (get(labels, "owner_kind").len > 0 || get(labels, "owner_name").len > 0) {
    ncl_json_put_key(&w, "pod_owners");
    ncl_json_open(&w);
    put(&w, labels, "owner_kind", "owner_kind");
    put(&w, labels, "owner_name", "owner_name");
    ncl_json_close(&w);
  }
  put(&w, labels, "service_name", "Service");
  ncl_json_close(&w);
  ncl_str text = w.status == NCL_OK          ? ncl_emf_room_copy(room, ncl_str_of((const char *)w.base, w.len))
                 : w.status == NCL_PERMANENT ? ncl_emf_room_copy(room, (ncl_str)NCL_STR("{}"))
                                             : ncl_str_of(NULL, 0);
  ncl_writer_close(&w);
  return text;
}
