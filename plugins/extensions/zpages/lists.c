/* SPDX-License-Identifier: Apache-2.0 */
/* lists.c: the table of components, and the log. */
#include <inttypes.h>

#include "numbers.h"
#include "page.h"

const char *ncl_zpages_kind(uint32_t kind) {
  static const char *const names[] = {
      [NCL_KIND_RECEIVER] = "receiver",   [NCL_KIND_PROCESSOR] = "processor", [NCL_KIND_EXPORTER] = "exporter",
      [NCL_KIND_CONNECTOR] = "connector", [NCL_KIND_EXTENSION] = "extension", [NCL_KIND_SERVICE] = "service"};
  return kind < sizeof names / sizeof names[0] && names[kind] != NULL ? names[kind] : "component";
}

const char *ncl_zpages_signal(uint32_t signal) {
  static const char *const names[] = {"all signals", "traces", "metrics", "logs", "profiles"};
  return signal < sizeof names / sizeof names[0] ? names[signal] : "other";
}

const char *ncl_zpages_items(uint32_t signal) {
  static const char *const names[] = {"items", "spans", "points", "records", "profiles"};
  return signal < sizeof names / sizeof names[0] ? names[signal] : "items";
}

/* ---- states --------------------------------------------------------------------------------------- */

void ncl_zpages_write_state(const ncl_zpages_page *page, const ncl_component_view *c, ncl_text *out) {
  const char *look = "ok", *word = "OK";
  if (c->life == NCL_LIFE_ENDED) {
    look = "off", word = "stopped";
  } else if (c->life != NCL_LIFE_STARTED) {
    look = "off", word = "not started";
  } else if (c->status == NCL_PERMANENT) {
    look = "error", word = "permanent error";
  } else if (c->status != NCL_OK) {
    look = "warn", word = "error that may pass";
  }
  ncl_text_format(out, "<p class=state><span class=\"chip %s\">%s</span> for ", look, word);
  ncl_zpages_age(out, page->wall_ns - c->since_ns);
  if (c->life == NCL_LIFE_STARTED && c->status != NCL_OK && c->message.len > 0) {
    ncl_text_put(out, ": ");
    ncl_text_html(out, c->message);
  }
  ncl_text_put(out, "</p>");
}

/* ---- components ----------------------------------------------------------------------------------- */

static void write_number(ncl_text *out, const char *label, uint64_t value, bool bad) {
  ncl_text_format(out, "<td role=cell data-label=\"%s\" class=\"number%s\">", label, bad && value > 0 ? " bad" : "");
  ncl_zpages_count(out, value);
  ncl_text_put(out, "</td>");
}

static void write_last_error(const ncl_zpages_page *page, const ncl_component_view *c, ncl_text *out) {
  ncl_text_put(out, "<td role=cell data-label=\"Last error\" class=long>");
  if (c->error_ns == 0) {
    ncl_text_put(out, "none");
  } else {
    ncl_zpages_age(out, page->wall_ns - c->error_ns);
    ncl_text_put(out, " ago: ");
    ncl_text_html(out, c->error.len > 0 ? c->error : (ncl_str)NCL_STR("no reason was given"));
  }
  ncl_text_put(out, "</td>");
}

static void write_row(const ncl_zpages_page *page, const ncl_component_view *c, ncl_text *out) {
  ncl_text_put(out, "<tr role=row><th scope=row role=rowheader title=\"");
  ncl_text_html(out, c->doc);
  ncl_text_put(out, "\">");
  ncl_text_html(out, c->id);
  ncl_text_format(out, "</th><td role=cell data-label=\"Kind\">%s", ncl_zpages_kind(c->kind));
  if (c->pipeline.len > 0) {
    ncl_text_put(out, " of ");
    ncl_text_html(out, c->pipeline);
  } else if (c->kind != NCL_KIND_EXTENSION && c->kind != NCL_KIND_SERVICE) {
    ncl_text_format(out, ", %s", ncl_zpages_signal(c->signal));
  }
  ncl_text_put(out, "</td><td role=cell data-label=\"State\" class=long>");
  ncl_zpages_write_state(page, c, out);
  ncl_text_put(out, "</td>");
  write_number(out, "In", c->in_items, false);
  write_number(out, "Out", c->out_items, false);
  write_number(out, "Failed", c->failed_items, true);
  ncl_text_put(out, "<td role=cell data-label=\"Plugin\" title=\"");
  ncl_text_html(out, c->plugin_file);
  ncl_text_put(out, "\">");
  ncl_text_html(out, c->plugin);
  ncl_text_put(out, " ");
  ncl_text_html(out, c->plugin_version);
  ncl_text_put(out, "</td>");
  write_last_error(page, c, out);
  ncl_text_put(out, "</tr>\n");
}

void ncl_zpages_write_table(const ncl_zpages_page *page, ncl_text *out) {
  static const char *const heads[] = {"Component", "Kind", "State", "In", "Out", "Failed", "Plugin", "Last error"};
  ncl_text_put(out, "<section aria-labelledby=components><h2 id=components>");
  ncl_text_put(out, page->kinds == 1u << NCL_KIND_EXTENSION ? "Extensions" : "Components");
  ncl_text_put(out,
               "</h2>\n<div class=scroll tabindex=0 role=group aria-labelledby=components>"
               "<table role=table aria-labelledby=components>\n<thead role=rowgroup><tr role=row>");
  for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
    ncl_text_format(out, "<th scope=col role=columnheader%s>%s</th>", i >= 3 && i <= 5 ? " class=number" : "",
                    heads[i]);
  }
  ncl_text_put(out, "</tr></thead>\n<tbody role=rowgroup>\n");
  for (uint32_t i = 0; i < page->model->component_count; i++) {
    const ncl_component_view *c = &page->model->components[i];
    if (page->kinds == 0 || (page->kinds & (1u << c->kind)) != 0) write_row(page, c, out);
  }
  ncl_text_put(out, "</tbody></table></div>\n");
  if (page->model->components_left > 0) {
    ncl_text_format(out, "<p class=note>%u more components are not shown.</p>\n", page->model->components_left);
  }
  ncl_text_put(out, "</section>\n");
}

/* ---- the log -------------------------------------------------------------------------------------- */

static void write_attr(const ncl_attr *attr, ncl_text *out) {
  ncl_text_put(out, " <span class=attr>");
  ncl_text_html(out, attr->key);
  ncl_text_put(out, "=");
  switch (attr->type) {
    case NCL_ATTR_STR:
      ncl_text_html(out, attr->s);
      break;
    case NCL_ATTR_INT:
      ncl_text_format(out, "%" PRId64, attr->i);
      break;
    case NCL_ATTR_DOUBLE:
      ncl_text_format(out, "%g", attr->d);
      break;
    case NCL_ATTR_BOOL:
      ncl_text_put(out, attr->i != 0 ? "true" : "false");
      break;
    default:
      break;
  }
  ncl_text_put(out, "</span>");
}

static void write_line(const ncl_log_view *line, ncl_text *out) {
  static const char *const levels[] = {"debug", "info", "warn", "error"};
  const char *level = levels[line->level < 4 ? line->level : 3];
  ncl_text_format(out, "<li class=%s>", level);
  ncl_zpages_time(out, line->wall_ns, 1);
  ncl_text_format(out, " <span class=\"chip %s\">%s</span> ", level, level);
  if (line->component.len > 0) {
    ncl_text_put(out, "<b>");
    ncl_text_html(out, line->component);
    ncl_text_put(out, "</b> ");
  }
  ncl_text_html(out, line->message);
  for (uint32_t i = 0; i < line->attr_count; i++)
    write_attr(&line->attrs[i], out);
  ncl_text_put(out, "</li>\n");
}

void ncl_zpages_write_log(const ncl_zpages_page *page, ncl_text *out) {
  const ncl_zpages_model *m = page->model;
  ncl_text_put(out,
               "<section aria-labelledby=log><h2 id=log>Log</h2>\n<p class=note>The newest lines, newest first; "
               "times are UTC.</p>\n<ol class=log reversed>\n");
  for (uint32_t i = m->line_count; i > 0; i--)
    write_line(&m->lines[(m->first_line + i - 1) % NCL_ZPAGES_LINES], out);
  ncl_text_put(out, "</ol></section>\n");
}
