/* SPDX-License-Identifier: Apache-2.0 */
/* Replaces ${...} in values by what it stands for. */
#include "core/config/expand.h"

#include <stdio.h>
#include <string.h>

#include "core/config/merge.h"
#include "core/config/retrieve.h"
#include "core/config/scalar.h"
#include "core/config/utf8.h"
#include "core/config/yaml.h"

/* How a step ended. */
typedef enum {
  STEP_DONE,
  STEP_FAILED, /* a mistake, which was reported */
  STEP_NO_MEMORY
} step;

typedef struct expander {
  ncl_config *config;
  const ncl_load_options *options;
  ncl_diagnostics *diagnostics;
  ncl_path path;
  uint32_t references;
  bool quiet; /* the same references are read a second time */
} expander;

/* What a reference stands for. */
typedef struct replacement {
  ncl_str text; /* in the config's region */
  ncl_str name; /* of its source: "env:HOST" */
  uint32_t kind;
  bool unset;
  bool empty_default; /* ${env:NAME:-}: the empty text, not null */
} replacement;

typedef struct builder {
  ncl_region *region;
  char *text;
  size_t len, capacity;
} builder;

static step fault(expander *x, const ncl_node *node, const char *hint, const char *message) {
  if (!x->quiet) ncl_error_at(x->diagnostics, node->mark, ncl_path_str(&x->path), hint, "%s", message);
  return STEP_FAILED;
}

static step append(expander *x, const ncl_node *node, builder *b, ncl_str text) {
  if (text.len > NCL_CONFIG_TEXT_MAX - b->len) {
    return fault(x, node, "a value is far smaller than that",
                 "with its references expanded, the value has more than 1 MiB");
  }
  if (b->len + text.len > b->capacity) {
    size_t wanted = (b->len + text.len) * 2 + 64;
    char *larger = ncl_region_alloc(b->region, wanted);
    if (larger == NULL) return STEP_NO_MEMORY;
    if (b->len > 0) memcpy(larger, b->text, b->len);
    b->text = larger;
    b->capacity = wanted;
  }
  if (text.len > 0) memcpy(b->text + b->len, text.ptr, text.len);
  b->len += text.len;
  return STEP_DONE;
}

/* The end of the reference that begins with "${" at `at`: behind its "}". 0 = it has none. */
static size_t reference_end(ncl_str text, size_t at) {
  size_t depth = 0;
  for (; at < text.len; at++) {
    if (text.ptr[at] == '$' && at + 1 < text.len && text.ptr[at + 1] == '{') {
      depth++;
      at++;
    } else if (text.ptr[at] == '}' && --depth == 0) {
      return at + 1;
    }
  }
  return 0;
}

/* "$NAME" of a variable that is set stood for its value in collectors before v0.105; of others it is text. Only what
 * the config itself says counts, not what a reference led to. Returns where it ends, 0 = there is none. */
static size_t old_reference_end(const expander *x, ncl_str text, size_t at, uint32_t depth) {
  const ncl_environment *environment = &x->options->environment;
  char name[NCL_VARIABLE_NAME_MAX + 1];
  size_t end = at + 1;
  if (depth > 0 || text.ptr[at] != '$' || environment->get == NULL) return 0;
  while (end < text.len && ncl_is_variable_name(ncl_str_of(text.ptr + at + 1, end - at)))
    end++;
  if (end - at - 1 == 0 || end - at - 1 > NCL_VARIABLE_NAME_MAX) return 0;
  memcpy(name, text.ptr + at + 1, end - at - 1);
  name[end - at - 1] = 0;
  return environment->get(environment->ctx, name) != NULL ? end : 0;
}

static bool has_old_reference(const expander *x, ncl_str text, uint32_t depth) {
  size_t at;
  for (at = 0; at < text.len; at++) {
    if (text.ptr[at] == '$' && at + 1 < text.len && text.ptr[at + 1] == '$') {
      at++;
    } else if (old_reference_end(x, text, at, depth) > 0) {
      return true;
    }
  }
  return false;
}

static void warn_of_old_reference(const expander *x, const ncl_node *node, ncl_str name) {
  char hint[2 * NCL_VARIABLE_NAME_MAX + 80];
  if (x->quiet) return;
  (void)snprintf(hint, sizeof(hint), "write ${env:%.*s}, or $$%.*s for the text itself", NCL_ARG(name), NCL_ARG(name));
  ncl_warning_at(x->diagnostics, node->mark, ncl_path_str(&x->path), hint,
                 "\"$%.*s\" is replaced by the environment variable of that name, as older collectors did",
                 NCL_ARG(name));
}

static bool is_reference(ncl_str text, size_t at) {
  return at + 1 < text.len && text.ptr[at] == '$' && text.ptr[at + 1] == '{';
}

static size_t find(ncl_str text, const char *what) {
  size_t len = strlen(what), i;
  for (i = 0; i + len <= text.len; i++) {
    if (memcmp(text.ptr + i, what, len) == 0) return i;
  }
  return text.len;
}

static bool is_utf8(ncl_str text) {
  size_t i = 0;
  while (i < text.len) {
    size_t length = ncl_utf8_length(text.ptr + i, text.len - i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

static step expand_text(expander *x, const ncl_node *node, ncl_str text, uint32_t depth, builder *out);

/* ---- one reference ------------------------------------------------------------------------- */

/* The URI in a reference: references in it expanded (but for those in a default, which are expanded when it is used),
 * and "env:" put in front of a bare name. */
static step make_uri(expander *x, const ncl_node *node, ncl_str body, uint32_t depth, ncl_str *scheme, ncl_str *rest) {
  size_t inner = find(body, "${"), dflt = find(body, ":-");
  builder uri = {&x->config->region, NULL, 0, 0};
  size_t name_end = dflt < body.len ? dflt : body.len;
  step done = STEP_DONE;

  if (inner < name_end) {
    done = expand_text(x, node, ncl_str_of(body.ptr, name_end), depth + 1, &uri);
  } else {
    done = append(x, node, &uri, ncl_str_of(body.ptr, name_end));
  }
  if (done == STEP_DONE) done = append(x, node, &uri, ncl_str_of(body.ptr + name_end, body.len - name_end));
  if (done == STEP_DONE) done = append(x, node, &uri, ncl_str_of("", 1)); /* schemes get a NUL behind the text */
  if (done != STEP_DONE) return done;
  if (!ncl_uri_split(ncl_str_of(uri.text, uri.len - 1), scheme, rest) ||
      (rest->len > 0 && rest->ptr[0] == '-' && ncl_is_variable_name(*scheme))) {
    *scheme = ncl_str_of("env", 3);
    *rest = ncl_str_of(uri.text, uri.len - 1);
  }
  return STEP_DONE;
}

static step keep_replacement(expander *x, const ncl_node *node, ncl_str scheme, ncl_str rest,
                             const ncl_retrieved *retrieved, replacement *out) {
  size_t end = find(rest, ":-");
  ncl_str text = retrieved->text;
  char name[200];
  int len = snprintf(name, sizeof(name), "%.*s:%.*s", NCL_ARG(scheme), NCL_ARG(ncl_str_of(rest.ptr, end)));

  if (!is_utf8(text)) {
    return fault(x, node, "it must be UTF-8 text", "what the reference stands for is not UTF-8");
  }
  if (retrieved->kind == NCL_SOURCE_FILE || retrieved->kind == NCL_SOURCE_OTHER) {
    while (text.len > 0 && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
      text.len--;
  }
  out->kind = retrieved->kind;
  out->unset = retrieved->unset != 0;
  out->empty_default = retrieved->is_default != 0 && text.len == 0;
  if (retrieved->kind == NCL_SOURCE_YAML) len = snprintf(name, sizeof(name), "yaml:");
  if (retrieved->kind == NCL_SOURCE_OTHER) {
    /* The two are slices of one text: "scheme:rest". */
    len = (int)ncl_uri_show(ncl_str_of(scheme.ptr, scheme.len + 1 + rest.len), name, sizeof(name));
  }
  if ((size_t)len >= sizeof(name)) len = (int)sizeof(name) - 1;
  out->name = ncl_region_copy(&x->config->region, ncl_str_of(name, (size_t)len));
  out->text = ncl_region_copy(&x->config->region, text);
  return out->name.ptr != NULL && out->text.ptr != NULL ? STEP_DONE : STEP_NO_MEMORY;
}

/* What a plugin was asked for is named; the words of the others name it themselves. */
static step report_failure(expander *x, const ncl_node *node, ncl_str scheme, ncl_str rest, ncl_retrieved *retrieved) {
  char words[sizeof(retrieved->reason) + NCL_URI_SHOWN_MAX + 4];
  char shown[NCL_URI_SHOWN_MAX];
  if (retrieved->kind != NCL_SOURCE_OTHER || retrieved->no_scheme) {
    return fault(x, node, retrieved->hint, retrieved->reason);
  }
  (void)ncl_uri_show(ncl_str_of(scheme.ptr, scheme.len + 1 + rest.len), shown, sizeof(shown));
  (void)snprintf(words, sizeof(words), "%s: %s", shown, retrieved->reason);
  return fault(x, node, retrieved->hint, words);
}

static step look_up(expander *x, const ncl_node *node, ncl_str body, uint32_t depth, replacement *out) {
  ncl_retrieved retrieved;
  ncl_str scheme, rest;
  step done;

  if (depth >= NCL_CONFIG_RECURSION_MAX) {
    return fault(x, node, "a reference may not lead back to itself",
                 "the reference leads to a reference, and so on, more than 20 times");
  }
  if (x->references == NCL_CONFIG_REFERENCES_MAX) {
    return fault(x, node, "a config needs far fewer", "the config has more than 1000 references");
  }
  x->references++;
  done = make_uri(x, node, body, depth, &scheme, &rest);
  if (done != STEP_DONE) return done;
  if (!ncl_retrieve(x->options, scheme, rest, &retrieved)) return report_failure(x, node, scheme, rest, &retrieved);
  done = keep_replacement(x, node, scheme, rest, &retrieved, out);
  ncl_retrieved_end(&retrieved);
  if (done == STEP_DONE && out->unset && !x->quiet) {
    ncl_warning_at(x->diagnostics, node->mark, ncl_path_str(&x->path),
                   "set it, or give a default: ${env:NAME:-default}", "the environment variable %.*s is not set",
                   NCL_ARG(rest));
  }
  return done;
}

/* ---- references inside text ---------------------------------------------------------------- */

static step expand_text(expander *x, const ncl_node *node, ncl_str text, uint32_t depth, builder *out) {
  size_t at = 0, copied = 0;
  step done = STEP_DONE;

  while (at < text.len && done == STEP_DONE) {
    size_t end = is_reference(text, at) ? reference_end(text, at) : 0;
    size_t old_end = end == 0 ? old_reference_end(x, text, at, depth) : 0;
    if (text.ptr[at] == '$' && at + 1 < text.len && text.ptr[at + 1] == '$') {
      done = append(x, node, out, ncl_str_of(text.ptr + copied, at + 1 - copied));
      copied = at += 2;
    } else if (end > 0 || old_end > 0) {
      ncl_str body =
          end > 0 ? ncl_str_of(text.ptr + at + 2, end - at - 3) : ncl_str_of(text.ptr + at + 1, old_end - at - 1);
      replacement found = {0};
      if (old_end > 0) warn_of_old_reference(x, node, body);
      done = append(x, node, out, ncl_str_of(text.ptr + copied, at - copied));
      if (done == STEP_DONE) done = look_up(x, node, body, depth, &found);
      if (done == STEP_DONE) done = expand_text(x, node, found.text, depth + 1, out);
      copied = at = end > 0 ? end : old_end;
    } else {
      at++;
    }
  }
  return done != STEP_DONE ? done : append(x, node, out, ncl_str_of(text.ptr + copied, text.len - copied));
}

static step expand_inline(expander *x, ncl_node *node, ncl_str text, uint32_t depth) {
  builder out = {&x->config->region, NULL, 0, 0};
  step done = expand_text(x, node, text, depth, &out);
  if (done == STEP_DONE) done = append(x, node, &out, ncl_str_of("", 1));
  if (done == STEP_DONE) node->text = ncl_str_of(out.text, out.len - 1);
  return done;
}

/* ---- a reference as a whole value ---------------------------------------------------------- */

static step expand_node(expander *x, ncl_node *node, uint32_t depth);
static step expand_scalar(expander *x, ncl_node *node, uint32_t depth);

/* Texts of names, numbers, paths and addresses: the YAML parser would say no more than ncl_scalar_resolve. */
static bool is_simple(ncl_str text) {
  size_t i;
  for (i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_';
    if (!letter && !(i > 0 && (c == '.' || c == '-')) && !(i > 0 && c == ':' && i + 1 < text.len)) return false;
  }
  return true;
}

/* Reads the text as YAML. *parsed == NULL: it is text and nothing else. */
static step parse_replacement(expander *x, const replacement *found, ncl_node **parsed) {
  ncl_source *source;
  bool no_memory = false, agrees = true;
  ncl_path path = x->path;

  *parsed = NULL;
  source =
      ncl_source_new(x->options->allocator, found->kind, found->name, found->text, (uint32_t)x->config->source_count);
  if (source == NULL || !ncl_config_own_source(x->config, source)) return STEP_NO_MEMORY;
  *parsed = ncl_yaml_parse(source, &x->config->region, NULL, &no_memory);
  if (no_memory) return STEP_NO_MEMORY;
  if (*parsed == NULL) return STEP_DONE;
  if ((*parsed)->kind == NCL_NODE_SCALAR &&
      ((*parsed)->style != NCL_STYLE_PLAIN || ncl_scalar_resolve((*parsed)->text).kind == NCL_SCALAR_STRING)) {
    *parsed = NULL;
    return STEP_DONE;
  }
  if (!ncl_node_split_keys(&x->config->region, *parsed, &path, x->diagnostics, &agrees)) return STEP_NO_MEMORY;
  return agrees ? STEP_DONE : STEP_FAILED;
}

/* Makes `node` a map or a list. A field for text gets what it was read from, as far as that can be expanded. */
static step become_collection(expander *x, ncl_node *node, const ncl_node *parsed, ncl_str text, uint32_t depth) {
  bool was_quiet = x->quiet;
  ncl_mark mark = node->mark;
  step done;

  *node = *parsed;
  node->mark = mark; /* what stands in it has its own */
  node->flags = NCL_NODE_REFERENCE;
  done = expand_node(x, node, depth + 1);
  if (done != STEP_DONE) return done;
  x->quiet = true;
  done = expand_inline(x, node, text, depth + 1);
  x->quiet = was_quiet;
  return done == STEP_NO_MEMORY ? done : STEP_DONE;
}

/* "NAME" or "env:NAME": a name alone gives nothing away, so excerpts may show it. */
static bool is_name_alone(ncl_str body) {
  if (body.len > 4 && memcmp(body.ptr, "env:", 4) == 0) body = ncl_str_of(body.ptr + 4, body.len - 4);
  return ncl_is_variable_name(body);
}

static step expand_whole(expander *x, ncl_node *node, ncl_str body, uint32_t depth) {
  replacement found = {0};
  ncl_node *parsed = NULL;
  step done;

  if (is_name_alone(body)) ncl_source_show_span(node->mark.source, node->span);
  done = look_up(x, node, body, depth, &found);
  if (done != STEP_DONE) return done;

  if (!is_simple(found.text)) {
    done = parse_replacement(x, &found, &parsed);
    if (done != STEP_DONE) return done;
    if (parsed != NULL && (parsed->kind == NCL_NODE_MAP || parsed->kind == NCL_NODE_LIST)) {
      return become_collection(x, node, parsed, found.text, depth);
    }
  }
  node->text = found.text;
  node->flags |= NCL_NODE_REFERENCE;
  node->style = NCL_STYLE_PLAIN;
  if (found.empty_default) {
    node->style = NCL_STYLE_QUOTED;
  } else if (parsed != NULL || is_simple(found.text)) {
    /* A number in a longer text ("# comment" behind it) is what the parser found it to be. */
    ncl_str meant = parsed != NULL ? parsed->text : found.text;
    uint32_t kind = ncl_scalar_resolve(meant).kind;
    if (kind == NCL_SCALAR_NULL) node->kind = NCL_NODE_NULL;
    if (parsed != NULL) node->value = meant;
  } else {
    node->style = NCL_STYLE_QUOTED;
    return expand_scalar(x, node, depth + 1);
  }
  return STEP_DONE;
}

static step expand_scalar(expander *x, ncl_node *node, uint32_t depth) {
  ncl_str text = node->text;
  step done;

  if (text.len == 0 || memchr(text.ptr, '$', text.len) == NULL) return STEP_DONE;
  if (is_reference(text, 0) && reference_end(text, 0) == text.len) {
    return expand_whole(x, node, ncl_str_of(text.ptr + 2, text.len - 3), depth);
  }
  if (old_reference_end(x, text, 0, depth) == text.len) {
    ncl_str name = ncl_str_of(text.ptr + 1, text.len - 1);
    warn_of_old_reference(x, node, name);
    return expand_whole(x, node, name, depth);
  }
  done = expand_inline(x, node, text, depth);
  if (done == STEP_DONE && (find(text, "${") < text.len || has_old_reference(x, text, depth))) {
    node->style = NCL_STYLE_QUOTED;
    node->flags |= NCL_NODE_SPLICED;
  }
  return done;
}

/* ---- the tree ------------------------------------------------------------------------------ */

static step expand_child(expander *x, ncl_node *node, uint32_t depth) {
  step done = expand_node(x, node, depth);
  if (done != STEP_FAILED) return done;
  node->kind = NCL_NODE_NULL;
  node->flags |= NCL_NODE_FAILED;
  node->text = ncl_str_of("", 0);
  return STEP_DONE;
}

static step expand_node(expander *x, ncl_node *node, uint32_t depth) {
  step done = STEP_DONE;
  size_t i;

  switch (node->kind) {
    case NCL_NODE_SCALAR:
      return expand_scalar(x, node, depth);
    case NCL_NODE_LIST:
      for (i = 0; i < node->list.count && done == STEP_DONE; i++) {
        size_t outer = ncl_path_index(&x->path, i);
        done = expand_child(x, node->list.items[i], depth);
        ncl_path_cut(&x->path, outer);
      }
      return done;
    case NCL_NODE_MAP:
      for (i = 0; i < node->map.count && done == STEP_DONE; i++) {
        size_t outer = ncl_path_key(&x->path, node->map.entries[i].key);
        done = expand_child(x, node->map.entries[i].value, depth);
        ncl_path_cut(&x->path, outer);
      }
      return done;
    default:
      return STEP_DONE;
  }
}

bool ncl_config_expand(ncl_config *config, const ncl_load_options *options, ncl_diagnostics *diagnostics) {
  expander x = {.config = config, .options = options, .diagnostics = diagnostics};
  return expand_child(&x, config->root, 0) != STEP_NO_MEMORY;
}
