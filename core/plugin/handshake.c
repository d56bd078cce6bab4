/* SPDX-License-Identifier: Apache-2.0 */
/* core/plugin/handshake.c: version, sizes and strides first, since all else is read by them; then each component. */
#include "core/plugin/handshake.h"

#include <stdio.h>
#include <string.h>

/* Sizes as of minor 0: the least that a plugin of this major can have been built with. They are never changed. */
#define PLUGIN_SIZE_V1 72u
#define COMPONENT_SIZE_V1 160u
#define METHODS_SIZE_V1 120u
#define FIELD_SIZE_V1 144u
/* Each ends with its last member of minor 0. Members that come later stand behind that end. */
#define ENDS_WITH(type, member, size) \
  _Static_assert(offsetof(type, member) + sizeof(((type *)0)->member) == (size), #type " changed below minor 0")
ENDS_WITH(ncl_plugin, components, PLUGIN_SIZE_V1);
ENDS_WITH(ncl_component_type, metrics, COMPONENT_SIZE_V1);
ENDS_WITH(ncl_methods, retrieve, METHODS_SIZE_V1);
ENDS_WITH(ncl_field, offset, FIELD_SIZE_V1);

#define COMPONENTS_MAX 64u
#define FIELDS_MAX 512u
#define FIELD_DEPTH_MAX 16u

/* The line that is being written about what is wrong. */
typedef struct complaint {
  char *text;
  size_t size;
} complaint;

#define FAIL(c, ...) ((void)snprintf((c)->text, (c)->size, __VA_ARGS__), false)

static ncl_status no_check(void *self) {
  (void)self;
  return NCL_OK;
}

static ncl_status nothing_to_start(void *self, ncl_token token, ncl_outcome *outcome) {
  (void)self, (void)token, (void)outcome;
  return NCL_OK;
}

static ncl_status nothing_to_drain(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome) {
  (void)self, (void)deadline_ns, (void)token, (void)outcome;
  return NCL_OK;
}

static void nothing_to_refresh(void *self) {
  (void)self;
}

static ncl_status no_consume(void *self, const ncl_call *call, ncl_outcome *outcome) {
  (void)self, (void)call, (void)outcome;
  return NCL_UNSUPPORTED;
}

static ncl_status nothing_to_prepare(void *self, ncl_item *item, ncl_outcome *outcome) {
  (void)self, (void)item, (void)outcome;
  return NCL_OK;
}

static ncl_status no_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  (void)self, (void)item, (void)token, (void)deadline_ns, (void)outcome;
  return NCL_UNSUPPORTED;
}

static void nothing_to_release(void *self, ncl_item *item) {
  (void)self, (void)item;
}

static void no_cancel(void *self, ncl_token token) {
  (void)self, (void)token;
}

static const void *no_interface(void *self, ncl_str name) {
  (void)self, (void)name;
  return NULL;
}

static ncl_status no_retrieve(void *self, ncl_str uri, ncl_token token, ncl_outcome *outcome) {
  (void)self, (void)uri, (void)token, (void)outcome;
  return NCL_UNSUPPORTED;
}

static ncl_status no_probe(void *self, ncl_token token, ncl_outcome *outcome) {
  (void)self, (void)token, (void)outcome;
  return NCL_UNSUPPORTED;
}

static void fill_methods(const ncl_methods *from, ncl_methods *to) {
  memset(to, 0, sizeof *to);
  memcpy(to, from, from->struct_size < sizeof *to ? from->struct_size : sizeof *to);
  to->struct_size = sizeof *to;
  if (to->check == NULL) to->check = no_check;
  if (to->start == NULL) to->start = nothing_to_start;
  if (to->drain == NULL) to->drain = nothing_to_drain;
  if (to->refresh == NULL) to->refresh = nothing_to_refresh;
  if (to->shutdown == NULL) to->shutdown = nothing_to_start;
  if (to->consume == NULL) to->consume = no_consume;
  if (to->prepare == NULL) to->prepare = nothing_to_prepare;
  if (to->send == NULL) to->send = no_send;
  if (to->release == NULL) to->release = nothing_to_release;
  if (to->cancel == NULL) to->cancel = no_cancel;
  if (to->publish == NULL) to->publish = no_interface;
  if (to->retrieve == NULL) to->retrieve = no_retrieve;
  if (to->probe == NULL) to->probe = no_probe;
}

static bool str_equal(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static bool is_type_name(ncl_str type) {
  if (type.len == 0 || type.len > 63 || type.ptr == NULL) return false;
  for (size_t i = 0; i < type.len; i++) {
    char c = type.ptr[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && (i == 0 || ((c < '0' || c > '9') && c != '_'))) return false;
  }
  return true;
}

static bool array_is_sound(const ncl_array *array, size_t least, uint32_t most) {
  return array->count == 0 || (array->base != NULL && array->stride >= least && array->count <= most);
}

static bool check_fields(const ncl_array *fields, ncl_str type, uint32_t depth, complaint *c) {
  if (depth > FIELD_DEPTH_MAX) return FAIL(c, "the fields of %.*s nest too deep", (int)type.len, type.ptr);
  if (!array_is_sound(fields, FIELD_SIZE_V1, FIELDS_MAX)) {
    return FAIL(c, "the fields of %.*s are %u of %u bytes, at most %u of at least %u are needed", (int)type.len,
                type.ptr, fields->count, fields->stride, FIELDS_MAX, FIELD_SIZE_V1);
  }
  for (uint32_t i = 0; i < fields->count; i++) {
    const ncl_field *field = ncl_array_at(fields, i);
    bool nests = field->type == NCL_TYPE_SECTION || field->type == NCL_TYPE_LIST || field->type == NCL_TYPE_MAP;
    if (field->type == 0 || field->type > NCL_TYPE_ANY) {
      return FAIL(c, "field %.*s of %.*s has unknown type %u", (int)field->name.len, field->name.ptr, (int)type.len,
                  type.ptr, field->type);
    }
    if ((field->type == NCL_TYPE_LIST || field->type == NCL_TYPE_MAP) && field->fields.count != 1) {
      return FAIL(c, "field %.*s of %.*s has %u element types, one is needed", (int)field->name.len, field->name.ptr,
                  (int)type.len, type.ptr, field->fields.count);
    }
    if (nests && !check_fields(&field->fields, type, depth + 1, c)) return false;
  }
  return true;
}

/* The slots without which a component of its kind can do nothing. */
static bool check_methods(const ncl_component_type *decl, complaint *c) {
  const ncl_methods *m = decl->methods;
  if (m == NULL || m->struct_size < METHODS_SIZE_V1) {
    return FAIL(c, "the methods of %.*s are %u bytes, at least %u are needed", (int)decl->type.len, decl->type.ptr,
                m == NULL ? 0 : m->struct_size, METHODS_SIZE_V1);
  }
  const char *missing = NULL;
  if (m->create == NULL) missing = "create";
  if (m->destroy == NULL) missing = "destroy";
  if ((decl->kind == NCL_KIND_PROCESSOR || decl->kind == NCL_KIND_CONNECTOR) && m->consume == NULL) missing = "consume";
  if (decl->kind == NCL_KIND_EXPORTER && m->send == NULL) missing = "send";
  if (decl->kind == NCL_KIND_SERVICE && m->publish == NULL) missing = "publish";
  if (decl->kind == NCL_KIND_SOURCE && m->retrieve == NULL) missing = "retrieve";
  if (missing == NULL) return true;
  return FAIL(c, "%s %.*s has no slot `%s`", ncl_kind_name(decl->kind), (int)decl->type.len, decl->type.ptr, missing);
}

static bool check_component(const ncl_component_type *decl, complaint *c) {
  if (!is_type_name(decl->type)) {
    return FAIL(c, "component type \"%.*s\" is not of the form [a-zA-Z][0-9a-zA-Z_]{0,62}",
                (int)(decl->type.len < 64 ? decl->type.len : 64), decl->type.ptr != NULL ? decl->type.ptr : "");
  }
  if (decl->kind == 0 || ncl_kind_room(decl->kind) == NULL) {
    return FAIL(c, "component %.*s is of unknown kind %u", (int)decl->type.len, decl->type.ptr, decl->kind);
  }
  if (!array_is_sound(&decl->aliases, sizeof(ncl_str), 16) || !array_is_sound(&decl->signals, sizeof(uint32_t), 64) ||
      !array_is_sound(&decl->interfaces, sizeof(ncl_str), 64) ||
      !array_is_sound(&decl->outputs, 2 * sizeof(uint32_t), 64) ||
      !array_is_sound(&decl->metrics, sizeof(ncl_metric_type), 256)) {
    return FAIL(c, "an array of component %.*s is out of bounds", (int)decl->type.len, decl->type.ptr);
  }
  return check_methods(decl, c) && check_fields(&decl->fields, decl->type, 0, c);
}

static bool goes_by(const ncl_component_type *decl, ncl_str name) {
  if (str_equal(decl->type, name)) return true;
  for (uint32_t i = 0; i < decl->aliases.count; i++) {
    if (str_equal(*(const ncl_str *)ncl_array_at(&decl->aliases, i), name)) return true;
  }
  return false;
}

static bool check_plugin(const ncl_plugin *plugin, complaint *c) {
  if (plugin == NULL) return FAIL(c, NCL_PLUGIN_SYMBOL "() gave no descriptor");
  if (plugin->magic != NCL_PLUGIN_MAGIC) {
    return FAIL(c, "descriptor begins with 0x%08x, 0x%08x is needed", plugin->magic, NCL_PLUGIN_MAGIC);
  }
  if (plugin->struct_size < PLUGIN_SIZE_V1) {
    return FAIL(c, "descriptor has struct_size %u, at least %u is needed", plugin->struct_size, PLUGIN_SIZE_V1);
  }
  if (plugin->abi_major != NCL_ABI_MAJOR) {
    return FAIL(c, "built for ABI major %u, this program has major %u", plugin->abi_major, NCL_ABI_MAJOR);
  }
  if (plugin->abi_minor_needed > NCL_ABI_MINOR) {
    return FAIL(c, "needs ABI %u.%u, this program has %u.%u; a newer Nacelle is needed", NCL_ABI_MAJOR,
                plugin->abi_minor_needed, NCL_ABI_MAJOR, NCL_ABI_MINOR);
  }
  if (plugin->components.count == 0 || !array_is_sound(&plugin->components, COMPONENT_SIZE_V1, COMPONENTS_MAX)) {
    return FAIL(c, "has %u components of %u bytes, 1 to %u of at least %u are needed", plugin->components.count,
                plugin->components.stride, COMPONENTS_MAX, COMPONENT_SIZE_V1);
  }
  return true;
}

bool ncl_handshake(ncl_plugin_fn symbol, uint32_t kind, ncl_str name, ncl_type *type, char *why, size_t size) {
  complaint c = {why, size};
  if (symbol == NULL) return FAIL(&c, "has no symbol " NCL_PLUGIN_SYMBOL ", a plugin for Nacelle is needed");
  const ncl_plugin *plugin = symbol();
  if (!check_plugin(plugin, &c)) return false;
  const ncl_component_type *found = NULL;
  for (uint32_t i = 0; i < plugin->components.count; i++) {
    const ncl_component_type *decl = ncl_array_at(&plugin->components, i);
    if (!check_component(decl, &c)) return false;
    for (uint32_t k = 0; k < i; k++) {
      const ncl_component_type *other = ncl_array_at(&plugin->components, k);
      if (other->kind == decl->kind && str_equal(other->type, decl->type)) {
        return FAIL(&c, "has %s %.*s twice", ncl_kind_name(decl->kind), (int)decl->type.len, decl->type.ptr);
      }
    }
    if (decl->kind == kind && goes_by(decl, name)) found = decl;
  }
  if (found == NULL) {
    const ncl_component_type *first = ncl_array_at(&plugin->components, 0);
    return FAIL(&c, "has no %s %.*s; its first component is %s %.*s", ncl_kind_name(kind), (int)name.len, name.ptr,
                ncl_kind_name(first->kind), (int)first->type.len, first->type.ptr);
  }
  type->decl = found;
  type->plugin = plugin;
  fill_methods(found->methods, &type->methods);
  return true;
}
