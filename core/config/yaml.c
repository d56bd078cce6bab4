/* SPDX-License-Identifier: Apache-2.0 */
/* From libyaml's events to a tree: anchors, merge keys, duplicate keys, limits. */
#include "core/config/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "core/config/config.h"
#include "core/config/explain.h"
#include "core/config/scalar.h"

#define ANCHORS_MAX 1000u
#define KEYS_MAX 10000u /* of one map */

typedef struct anchor {
  ncl_str name;
  ncl_node *node; /* NULL = still being read */
} anchor;

typedef struct reader {
  yaml_parser_t parser;
  ncl_source *source;
  ncl_region *region;
  ncl_diagnostics *diagnostics; /* NULL: nobody wants to know */
  size_t budget;                /* nodes that may still be made */
  anchor *anchors;
  size_t anchor_count, anchor_capacity;
  ncl_path path;
  bool last_plain; /* the last scalar was plain: it may have swallowed lines */
  bool failed;     /* something is wrong: the tree is not used */
  bool no_memory;
} reader;

static ncl_mark mark_of(const reader *r, yaml_mark_t at) {
  return (ncl_mark){r->source, (uint32_t)at.line + 1, (uint32_t)at.column + 1};
}

/* Adds an error and goes on: more may be wrong. */
#define FAULT(r, mark, hint, ...)                                                            \
  do {                                                                                       \
    (r)->failed = true;                                                                      \
    if ((r)->diagnostics != NULL)                                                            \
      ncl_error_at((r)->diagnostics, (mark), ncl_path_str(&(r)->path), (hint), __VA_ARGS__); \
  } while (0)

/* Ends the reading: memory ran out. */
static void *out_of_memory(reader *r) {
  r->failed = r->no_memory = true;
  return NULL;
}

/* The next event; false = there is none, and why has been said. The caller deletes the event. */
static bool next(reader *r, yaml_event_t *event) {
  ncl_yaml_problem problem;
  if (yaml_parser_parse(&r->parser, event)) return true;
  r->failed = true;
  /* Some allocations of libyaml fail without setting an error. */
  if (r->parser.error == YAML_MEMORY_ERROR || r->parser.error == YAML_NO_ERROR) {
    r->no_memory = true;
    return false;
  }
  if (r->diagnostics == NULL) return false;
  problem.problem = r->parser.problem != NULL ? r->parser.problem : "it cannot be read";
  problem.context = r->parser.context != NULL ? r->parser.context : "";
  problem.line = (uint32_t)r->parser.problem_mark.line + 1;
  problem.column = (uint32_t)r->parser.problem_mark.column + 1;
  problem.context_line = (uint32_t)r->parser.context_mark.line + 1;
  problem.context_column = (uint32_t)r->parser.context_mark.column + 1;
  if (r->last_plain) ncl_source_cut_spans(r->source, problem.line);
  ncl_explain_problem(r->source, &problem, r->diagnostics);
  return false;
}

static ncl_node *new_node(reader *r, uint32_t kind, const yaml_event_t *event) {
  ncl_node *node;
  if (r->budget == 0) {
    FAULT(r, mark_of(r, event->start_mark), "a config is far smaller than that",
          "the text has more than %u values, with what aliases repeat", NCL_YAML_NODES_MAX);
    return NULL;
  }
  r->budget--;
  node = ncl_node_new(r->region, kind, mark_of(r, event->start_mark));
  return node != NULL ? node : out_of_memory(r);
}

/* ---- anchors ------------------------------------------------------------------------------- */

/* Remembers an anchor whose node is yet to come; false = enough of them. */
static bool open_anchor(reader *r, const yaml_event_t *event, const yaml_char_t *name, size_t *index) {
  anchor *anchors;
  ncl_str copy;
  *index = SIZE_MAX;
  if (name == NULL) return true;
  if (r->anchor_count == ANCHORS_MAX) {
    FAULT(r, mark_of(r, event->start_mark), "write some of them out", "the text has more than %u anchors", ANCHORS_MAX);
    return false;
  }
  anchors = ncl_region_grow(r->region, r->anchors, r->anchor_count, &r->anchor_capacity, sizeof(anchor));
  copy = ncl_region_copy(r->region, ncl_str_of((const char *)name, strlen((const char *)name)));
  if (anchors == NULL || copy.ptr == NULL) return out_of_memory(r) != NULL;
  r->anchors = anchors;
  *index = r->anchor_count;
  anchors[r->anchor_count++] = (anchor){copy, NULL};
  return true;
}

static void close_anchor(reader *r, size_t index, ncl_node *node) {
  if (index != SIZE_MAX) r->anchors[index].node = node;
}

/* Excerpts hide what stands there until somebody knows better. */
static uint32_t add_span(reader *r, const yaml_event_t *event) {
  return ncl_source_add_span(r->source, (uint32_t)event->start_mark.line, (uint32_t)event->start_mark.column,
                             (uint32_t)event->end_mark.line, (uint32_t)event->end_mark.column);
}

static ncl_node *resolve_alias(reader *r, const yaml_event_t *event) {
  ncl_mark mark = mark_of(r, event->start_mark);
  ncl_str name = ncl_str_of((const char *)event->data.alias.anchor, strlen((const char *)event->data.alias.anchor));
  ncl_node *copy;
  size_t i;
  (void)add_span(r, event);
  for (i = r->anchor_count; i > 0 && !ncl_str_eq(r->anchors[i - 1].name, name); i--) {
  }
  if (i == 0) {
    /* The name may be a secret that begins with "*". */
    FAULT(r, mark, "write the value in quotes if the \"*\" belongs to it",
          "\"*\" with a name stands for a value above that is marked with \"&\" and the name, and there is none");
    return NULL;
  }
  if (r->anchors[i - 1].node == NULL) {
    FAULT(r, mark, "an alias cannot stand inside the value that it repeats", "the alias contains itself");
    return NULL;
  }
  copy = ncl_node_copy(r->region, r->anchors[i - 1].node, &r->budget);
  if (copy == NULL && r->budget == 0) {
    FAULT(r, mark, "aliases that repeat aliases multiply; write the values out",
          "the text has more than %u values, with what aliases repeat", NCL_YAML_NODES_MAX);
    return NULL;
  }
  return copy != NULL ? copy : out_of_memory(r);
}

/* ---- scalars ------------------------------------------------------------------------------- */

#define YAML_TAG_PREFIX "tag:yaml.org,2002:"

/* The name behind "!!", or NULL for a tag of the user's own. */
static const char *core_tag(const char *tag) {
  size_t prefix = sizeof(YAML_TAG_PREFIX) - 1;
  return strncmp(tag, YAML_TAG_PREFIX, prefix) == 0 ? tag + prefix : NULL;
}

/* Tags that are known from elsewhere. Any other may be a secret that begins with "!". */
static const char *shown_tag(const char *tag) {
  static const char *const known[] = {"!Ref",  "!Sub",         "!GetAtt", "!Join",   "!If",        "!Select",
                                      "!Cidr", "!ImportValue", "!Split",  "!Base64", "!FindInMap", "!env",
                                      "!var",  "!include",     "!vault",  "!secret", NULL};
  size_t i;
  for (i = 0; known[i] != NULL; i++) {
    if (strcmp(known[i], tag) == 0) return tag;
  }
  return "!...";
}

static void warn_tag(reader *r, const yaml_event_t *event, const char *tag) {
  if (r->diagnostics == NULL) return;
  ncl_warning_at(r->diagnostics, mark_of(r, event->start_mark), ncl_path_str(&r->path),
                 "a template (CloudFormation, ...) must be filled in before the text gets here; write a text that "
                 "begins with \"!\" in quotes",
                 "the tag \"%s\" means nothing here and is ignored", shown_tag(tag));
}

/* What an explicit tag makes of a scalar. */
static void apply_tag(reader *r, ncl_node *node, const yaml_event_t *event, const char *tag) {
  static const struct {
    const char *name;
    uint32_t kind;
  } tags[] = {
      {"int", NCL_SCALAR_INT}, {"float", NCL_SCALAR_DOUBLE}, {"bool", NCL_SCALAR_BOOL}, {"null", NCL_SCALAR_NULL}};
  const char *core = core_tag(tag);
  uint32_t kind = ncl_scalar_resolve(node->text).kind;
  size_t i;

  node->style = NCL_STYLE_QUOTED;
  if (core == NULL) {
    warn_tag(r, event, tag);
    return;
  }
  if (strcmp(core, "str") == 0 || strcmp(core, "timestamp") == 0) return;
  for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
    if (strcmp(core, tags[i].name) != 0) continue;
    if (kind != tags[i].kind && !(kind == NCL_SCALAR_INT && tags[i].kind == NCL_SCALAR_DOUBLE)) break;
    node->style = NCL_STYLE_PLAIN;
    if (kind == NCL_SCALAR_NULL) node->kind = NCL_NODE_NULL;
    return;
  }
  if (i < sizeof(tags) / sizeof(tags[0])) {
    FAULT(r, mark_of(r, event->start_mark), "leave the tag out", "the value is not what its tag \"!!%s\" says",
          tags[i].name);
  } else {
    FAULT(r, mark_of(r, event->start_mark), "leave the tag out, or write text that begins with \"!!\" in quotes",
          "the tag behind \"!!\" is not supported");
  }
}

static ncl_node *read_scalar(reader *r, const yaml_event_t *event) {
  const char *tag = (const char *)event->data.scalar.tag;
  ncl_node *node = new_node(r, NCL_NODE_SCALAR, event);
  size_t index;

  if (node == NULL || !open_anchor(r, event, event->data.scalar.anchor, &index)) return NULL;
  node->text =
      ncl_region_copy(r->region, ncl_str_of((const char *)event->data.scalar.value, event->data.scalar.length));
  if (node->text.ptr == NULL) return out_of_memory(r);
  node->style = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? NCL_STYLE_PLAIN : NCL_STYLE_QUOTED;
  if (tag != NULL && strcmp(tag, "!") != 0) {
    apply_tag(r, node, event, tag);
  } else if (node->style == NCL_STYLE_PLAIN && ncl_scalar_resolve(node->text).kind == NCL_SCALAR_NULL) {
    node->kind = NCL_NODE_NULL;
  }
  r->last_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
  /* Of a null, an anchor or a tag may be all there is. */
  if (node->kind == NCL_NODE_SCALAR || event->data.scalar.anchor != NULL || tag != NULL) {
    uint32_t span = add_span(r, event);
    if (node->kind == NCL_NODE_SCALAR) node->span = span;
  }
  close_anchor(r, index, node);
  return node;
}

/* ---- maps and lists ------------------------------------------------------------------------ */

static ncl_node *read_value(reader *r, const yaml_event_t *event, uint32_t depth);

/* Reads the next event and the value that it begins. */
static ncl_node *read_next(reader *r, uint32_t depth) {
  yaml_event_t event;
  ncl_node *node;
  if (!next(r, &event)) return NULL;
  node = read_value(r, &event, depth);
  yaml_event_delete(&event);
  return node;
}

static ncl_node *read_list(reader *r, const yaml_event_t *start, uint32_t depth) {
  ncl_node *list = new_node(r, NCL_NODE_LIST, start);
  size_t anchor_index;

  if (list == NULL || !open_anchor(r, start, start->data.sequence_start.anchor, &anchor_index)) return NULL;
  for (;;) {
    yaml_event_t event;
    ncl_node *item;
    size_t outer;
    bool end;

    if (!next(r, &event)) return NULL;
    end = event.type == YAML_SEQUENCE_END_EVENT;
    if (!end) {
      outer = ncl_path_index(&r->path, list->list.count);
      item = read_value(r, &event, depth + 1);
      ncl_path_cut(&r->path, outer);
    }
    yaml_event_delete(&event);
    if (end) break;
    if (item == NULL) return NULL;
    if (!ncl_node_list_add(r->region, list, item)) return out_of_memory(r);
  }
  close_anchor(r, anchor_index, list);
  return list;
}

static int compare_keys(const void *left, const void *right) {
  const ncl_entry *a = *(ncl_entry *const *)left, *b = *(ncl_entry *const *)right;
  size_t least = a->key.len < b->key.len ? a->key.len : b->key.len;
  int order = least > 0 ? memcmp(a->key.ptr, b->key.ptr, least) : 0;
  if (order != 0) return order;
  if (a->key.len != b->key.len) return a->key.len < b->key.len ? -1 : 1;
  return a < b ? -1 : a > b;
}

static bool refuse_duplicates(reader *r, const ncl_node *map) {
  ncl_entry **sorted;
  size_t i, first = 0;
  if (map->map.count < 2) return true;
  sorted = ncl_region_alloc(r->region, map->map.count * sizeof(ncl_entry *));
  if (sorted == NULL) return out_of_memory(r) != NULL;
  for (i = 0; i < map->map.count; i++)
    sorted[i] = &map->map.entries[i];
  qsort(sorted, map->map.count, sizeof(ncl_entry *), compare_keys);
  for (i = 1; i < map->map.count; i++) {
    size_t outer;
    if (!ncl_str_eq(sorted[first]->key, sorted[i]->key)) {
      first = i;
      continue;
    }
    outer = ncl_path_key(&r->path, sorted[i]->key);
    FAULT(r, sorted[i]->mark, "keep one of them", "the key is written twice in the same map, first on line %u",
          sorted[first]->mark.line);
    ncl_path_cut(&r->path, outer);
  }
  return true;
}

/* Adds the keys of `from` that `map` does not have. */
static bool merge_map(reader *r, ncl_node *map, const ncl_node *from) {
  size_t i;
  for (i = 0; i < from->map.count; i++) {
    if (ncl_node_entry(map, from->map.entries[i].key) != NULL) continue;
    if (!ncl_node_map_add(r->region, map, from->map.entries[i])) return out_of_memory(r) != NULL;
  }
  return true;
}

/* "<<": keys written in the map itself win, then those of the first map in a list. */
static bool apply_merge(reader *r, ncl_node *map, const ncl_entry *merge) {
  const ncl_node *from = merge->value;
  size_t i;
  bool fits = from->kind == NCL_NODE_MAP || from->kind == NCL_NODE_LIST;

  for (i = 0; from->kind == NCL_NODE_LIST && i < from->list.count; i++) {
    if (from->list.items[i]->kind != NCL_NODE_MAP) fits = false;
  }
  if (!fits) {
    FAULT(r, merge->mark, "write \"<<: *anchor\", where the anchor stands at a map",
          "\"<<\" takes over the keys of a map or of a list of maps, and this is %s",
          from->kind == NCL_NODE_LIST ? "a list of something else" : ncl_node_kind_word(from));
    return true;
  }
  if (from->kind == NCL_NODE_MAP) return merge_map(r, map, from);
  for (i = 0; i < from->list.count; i++) {
    if (!merge_map(r, map, from->list.items[i])) return false;
  }
  return true;
}

/* Reads a key; false = the reading ends. *is_merge: it is a plain "<<". */
static bool read_key(reader *r, const yaml_event_t *event, ncl_entry *entry, bool *is_merge) {
  const char *text = (const char *)event->data.scalar.value;
  size_t index;

  *is_merge = false;
  entry->mark = mark_of(r, event->start_mark);
  if (event->type == YAML_ALIAS_EVENT) {
    ncl_node *node = resolve_alias(r, event);
    if (node == NULL) return false;
    if (node->kind == NCL_NODE_SCALAR) {
      entry->key = node->text;
      return true;
    }
  }
  if (event->type != YAML_SCALAR_EVENT) {
    FAULT(r, entry->mark,
          "\"{{ ... }}\" is a template that was not filled in; text that starts with \"{\" or \"[\" needs quotes",
          "a map or a list stands where a key must be");
    return false;
  }
  entry->key = ncl_region_copy(r->region, ncl_str_of(text, event->data.scalar.length));
  if (entry->key.ptr == NULL) return out_of_memory(r) != NULL;
  if (ncl_key_shown(entry->key) < entry->key.len) {
    /* Part of it may be a value, which an excerpt hides. */
    (void)add_span(r, event);
  }
  if (!open_anchor(r, event, event->data.scalar.anchor, &index)) return false;
  if (index != SIZE_MAX) {
    ncl_node *node = new_node(r, NCL_NODE_SCALAR, event);
    if (node == NULL) return false;
    node->text = entry->key;
    node->style = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? NCL_STYLE_PLAIN : NCL_STYLE_QUOTED;
    close_anchor(r, index, node);
  }
  r->last_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
  *is_merge = r->last_plain && strcmp(text, "<<") == 0;
  if (entry->key.len > NCL_YAML_KEY_MAX) {
    entry->key.len = 20;
    FAULT(r, entry->mark, "write the text as a value", "a key of %zu bytes is longer than the %u that are allowed",
          event->data.scalar.length, NCL_YAML_KEY_MAX);
  } else if (r->last_plain && ncl_scalar_resolve(entry->key).kind == NCL_SCALAR_NULL) {
    FAULT(r, entry->mark, "write the key before the \":\"", "a key is missing");
  }
  return true;
}

static ncl_node *read_map(reader *r, const yaml_event_t *start, uint32_t depth) {
  ncl_node *map = new_node(r, NCL_NODE_MAP, start);
  ncl_entry merge = {{NULL, 0}, {NULL, 0, 0}, NULL};
  size_t anchor_index;

  if (map == NULL || !open_anchor(r, start, start->data.mapping_start.anchor, &anchor_index)) return NULL;
  for (;;) {
    yaml_event_t event;
    ncl_entry entry = {{NULL, 0}, {NULL, 0, 0}, NULL};
    bool is_merge = false, goes_on, end;
    size_t outer;

    if (!next(r, &event)) return NULL;
    end = event.type == YAML_MAPPING_END_EVENT;
    goes_on = end || read_key(r, &event, &entry, &is_merge);
    yaml_event_delete(&event);
    if (end) break;
    if (!goes_on) return NULL;
    outer = ncl_path_key(&r->path, entry.key);
    entry.value = read_next(r, depth + 1);
    ncl_path_cut(&r->path, outer);
    if (entry.value == NULL) return NULL;
    if (is_merge && merge.value == NULL) {
      merge = entry;
      continue;
    }
    if (is_merge) {
      FAULT(r, entry.mark, "write one, with a list: \"<<: [*a, *b]\"", "\"<<\" is written twice in the same map");
      continue;
    }
    if (map->map.count == KEYS_MAX) {
      FAULT(r, entry.mark, "a config is far smaller than that", "a map has more than %u keys", KEYS_MAX);
      return NULL;
    }
    if (!ncl_node_map_add(r->region, map, entry)) return out_of_memory(r);
  }
  if (!refuse_duplicates(r, map)) return NULL;
  if (merge.value != NULL && !apply_merge(r, map, &merge)) return NULL;
  close_anchor(r, anchor_index, map);
  return map;
}

/* Tags of maps and lists change nothing, but those of templates are worth a word. */
static void look_at_tag(reader *r, const yaml_event_t *event, const yaml_char_t *tag) {
  if (tag != NULL && strcmp((const char *)tag, "!") != 0 && core_tag((const char *)tag) == NULL) {
    warn_tag(r, event, (const char *)tag);
  }
}

static ncl_node *read_value(reader *r, const yaml_event_t *event, uint32_t depth) {
  if (depth > NCL_YAML_DEPTH_MAX) {
    r->path.len = 0; /* as long as the nesting is deep, and the reading ends here */
    FAULT(r, mark_of(r, event->start_mark), "a config is far flatter than that",
          "maps and lists are nested more than %u deep", NCL_YAML_DEPTH_MAX);
    return NULL;
  }
  switch (event->type) {
    case YAML_ALIAS_EVENT:
      return resolve_alias(r, event);
    case YAML_SCALAR_EVENT:
      return read_scalar(r, event);
    case YAML_SEQUENCE_START_EVENT:
      look_at_tag(r, event, event->data.sequence_start.tag);
      return read_list(r, event, depth);
    case YAML_MAPPING_START_EVENT:
      look_at_tag(r, event, event->data.mapping_start.tag);
      return read_map(r, event, depth);
    default:
      FAULT(r, mark_of(r, event->start_mark), NULL, "the text ends in the middle of something");
      return NULL;
  }
}

/* ---- documents ----------------------------------------------------------------------------- */

static bool check_version(reader *r, const yaml_event_t *event) {
  const yaml_version_directive_t *version = event->data.document_start.version_directive;
  if (version == NULL || (version->major == 1 && version->minor == 1)) return true;
  FAULT(r, mark_of(r, event->start_mark), "remove the line", "a \"%%YAML %d.%d\" line is not supported", version->major,
        version->minor);
  return false;
}

/* One document: its value, or NULL. `start` is its first event. */
static ncl_node *read_document(reader *r, const yaml_event_t *start) {
  yaml_event_t event;
  ncl_node *node;
  if (!check_version(r, start)) return NULL;
  node = read_next(r, 0);
  if (node == NULL || !next(r, &event)) return NULL;
  yaml_event_delete(&event); /* the document's end */
  return node;
}

/* All documents: one, and behind it only such as hold nothing. */
static ncl_node *read_stream(reader *r) {
  ncl_node *first = NULL;
  for (;;) {
    yaml_event_t event;
    ncl_mark mark;
    ncl_node *node = NULL;
    bool end, is_start;

    if (!next(r, &event)) return NULL;
    end = event.type == YAML_STREAM_END_EVENT;
    is_start = event.type == YAML_DOCUMENT_START_EVENT;
    mark = mark_of(r, event.start_mark);
    if (end && first == NULL) first = new_node(r, NCL_NODE_NULL, &event);
    if (is_start) node = read_document(r, &event);
    yaml_event_delete(&event);
    if (end) return first;
    if (!is_start) continue;
    if (node == NULL) return NULL;
    if (first == NULL) {
      first = node;
    } else if (node->kind != NCL_NODE_NULL) {
      FAULT(r, mark, "remove the \"---\" and put all into one document, or give two files with two --config",
            "a second YAML document begins here, and a config is one");
      return NULL;
    }
  }
}

ncl_node *ncl_yaml_parse(ncl_source *source, ncl_region *region, ncl_diagnostics *diagnostics, bool *no_memory) {
  ncl_str text = ncl_source_text(source);
  reader r = {.source = source, .region = region, .diagnostics = diagnostics, .budget = NCL_YAML_NODES_MAX};
  ncl_node *root = NULL;

  if (no_memory != NULL) *no_memory = false;
  if (!ncl_explain_text(source, diagnostics)) return NULL;
  if (!yaml_parser_initialize(&r.parser)) {
    r.no_memory = true;
  } else {
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.ptr, text.len);
    root = read_stream(&r);
    yaml_parser_delete(&r.parser);
  }
  if (r.no_memory) {
    if (diagnostics != NULL) ncl_diagnostics_no_memory(diagnostics);
    if (no_memory != NULL) *no_memory = true;
  }
  if (root != NULL) ncl_source_set_complete(source);
  return r.failed ? NULL : root;
}
