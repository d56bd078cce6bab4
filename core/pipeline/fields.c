/* SPDX-License-Identifier: Apache-2.0 */
/* Exporters have the delivery's fields besides their own. */
#include "core/pipeline/fields.h"

void ncl_component_fields_of(const ncl_component_type *type, ncl_component_fields *fields) {
  fields->tables[0] = type->fields;
  fields->tables[1] = (ncl_array){fields->host, 0, sizeof fields->host[0]};
  fields->count = 1;
  if (type->kind != NCL_KIND_EXPORTER) return;
  ncl_delivery_fields(type, fields->host);
  fields->tables[1].count = NCL_DELIVERY_FIELDS;
  fields->count = 2;
}
