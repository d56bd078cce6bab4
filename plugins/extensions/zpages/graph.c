/* SPDX-License-Identifier: Apache-2.0 */
/* graph.c: each pipeline as a graph: a column a stage, and between two columns the ways that items go. The columns
 * stand side by side where there is room, below each other on a phone. */
#include <math.h>
#include <string.h>

#include "numbers.h"
#include "page.h"

#define AS_RECEIVER (1u << NCL_KIND_RECEIVER | 1u << NCL_KIND_CONNECTOR)
#define AS_EXPORTER (1u << NCL_KIND_EXPORTER | 1u << NCL_KIND_CONNECTOR)

typedef struct pipeline {
  const ncl_zpages_page *page;
  const ncl_pipeline_view *view;
  ncl_text *out;
} pipeline;

/* ---- one component -------------------------------------------------------------------------------- */

static void write_rate(const pipeline *p, double per_second, const char *what) {
  ncl_text_put(p->out, "<p class=rate><b>");
  ncl_zpages_rate(p->out, per_second);
  ncl_text_format(p->out, "</b> %s/s%s%s</p>", ncl_zpages_items(p->view->signal), what[0] != '\0' ? " " : "", what);
}

static void write_total(const pipeline *p, uint64_t items, const char *what) {
  ncl_text_put(p->out, "<p class=total>");
  ncl_zpages_count(p->out, items);
  ncl_text_format(p->out, " %s</p>", what);
}

static void write_failed(const pipeline *p, uint64_t items, double per_second, const char *what) {
  if (items == 0) return;
  ncl_text_put(p->out, "<p class=bad>");
  ncl_zpages_count(p->out, items);
  ncl_text_format(p->out, " %s", what);
  if (per_second > 0) {
    ncl_text_put(p->out, " (");
    ncl_zpages_rate(p->out, per_second);
    ncl_text_put(p->out, "/s)");
  }
  ncl_text_put(p->out, "</p>");
}

static void write_queue(const pipeline *p, const ncl_component_view *c) {
  if (c->queue_capacity == 0) return;
  double fill = (double)c->queue_size * 100 / (double)c->queue_capacity;
  const char *colour = fill < 60 ? "calm" : fill < 90 ? "warn" : "full";
  ncl_text_put(p->out, "<p class=queue><svg class=bar role=img aria-label=\"queue ");
  ncl_text_format(p->out, "%.0f %% full\"><rect class=back width=\"100%%\" height=\"100%%\" rx=3 />", fill);
  ncl_text_format(p->out, "<rect class=%s width=\"%.1f%%\" height=\"100%%\" rx=3 /></svg>", colour,
                  fill > 100 ? 100 : fill);
  ncl_text_put(p->out, "queue ");
  ncl_zpages_count(p->out, c->queue_size);
  ncl_text_put(p->out, " of ");
  ncl_zpages_count(p->out, c->queue_capacity);
  if (c->queue_oldest_ns > 0) {
    ncl_text_put(p->out, ", ");
    ncl_zpages_bytes(p->out, c->queue_bytes);
    ncl_text_put(p->out, ", oldest ");
    ncl_zpages_age(p->out, c->queue_oldest_ns);
  }
  ncl_text_put(p->out, "</p>");
}

/* Where a connector leads from here, or comes from. */
static void write_joins(const pipeline *p, const ncl_component_view *c, bool as_exporter) {
  const ncl_zpages_model *m = p->page->model;
  bool any = false;
  for (uint32_t i = 0; i < m->pipeline_count; i++) {
    const ncl_pipeline_view *other = &m->pipelines[i];
    if (!ncl_zpages_has(as_exporter ? &other->receivers : &other->exporters, c->id)) continue;
    ncl_text_put(p->out, any ? ", " : as_exporter ? "<p class=total>into " : "<p class=total>from ");
    ncl_text_format(p->out, "<a href=\"#p%u\">", i);
    ncl_text_html(p->out, other->id);
    ncl_text_put(p->out, "</a>");
    any = true;
  }
  if (any) ncl_text_put(p->out, "</p>");
}

static void write_counts(const pipeline *p, const ncl_component_view *c, bool as_exporter) {
  ncl_zpages_flow flow = ncl_zpages_flow_of(p->page->model, c, p->view->signal);
  ncl_zpages_rates rates = ncl_zpages_rates_of(&p->page->base, p->page->model, c, p->view->signal);
  switch (c->kind) {
    case NCL_KIND_RECEIVER:
      write_rate(p, rates.in, "");
      write_total(p, flow.in, "accepted");
      write_failed(p, flow.failed, rates.failed, "refused or failed");
      break;
    case NCL_KIND_EXPORTER:
      write_rate(p, rates.out, "");
      write_total(p, flow.out, "delivered");
      write_queue(p, c);
      write_failed(p, flow.failed, rates.failed, "given up or refused");
      if (c->send_failures > 0) write_total(p, c->send_failures, "tries failed");
      break;
    default:
      write_rate(p, rates.in, flow.in == flow.out ? "" : "in");
      if (flow.in != flow.out) write_rate(p, rates.out, "out");
      write_total(p, flow.in, "in");
      if (flow.in != flow.out) write_total(p, flow.out, "out");
      write_failed(p, flow.failed, rates.failed, "dropped");
      break;
  }
  if (c->kind == NCL_KIND_CONNECTOR) write_joins(p, c, as_exporter);
}

/* How a component is, as a class of its card. */
static const char *look(const ncl_component_view *c) {
  if (c->life != NCL_LIFE_STARTED) return "off";
  return c->status == NCL_OK ? "ok" : c->status == NCL_PERMANENT ? "error" : "warn";
}

static void write_card(const pipeline *p, uint32_t kinds, ncl_str id) {
  const ncl_component_view *c = ncl_zpages_find(p->page->model, p->view, kinds, id);
  ncl_text_format(p->out, "<li class=\"card %s\"><div><h4>", c == NULL ? "off" : look(c));
  ncl_text_html(p->out, id);
  ncl_text_put(p->out, "</h4>");
  if (c != NULL && c->kind == NCL_KIND_CONNECTOR) ncl_text_put(p->out, "<p class=total>connector</p>");
  if (c != NULL && c->kind == NCL_KIND_PROCESSOR && c->pipeline.len == 0) {
    ncl_text_put(p->out, "<p class=total>shared by its pipelines</p>");
  }
  if (c != NULL) {
    write_counts(p, c, (kinds & (1u << NCL_KIND_EXPORTER)) != 0);
    if (c->status != NCL_OK || c->life != NCL_LIFE_STARTED) ncl_zpages_write_state(p->page, c, p->out);
  }
  ncl_text_put(p->out, "</div></li>\n");
}

/* ---- stages and the ways between them ------------------------------------------------------------- */

/* Items a second through all of a stage. */
static double rate_through(const pipeline *p, const ncl_array *ids, uint32_t kinds, uint32_t only) {
  double sum = 0;
  for (uint32_t i = 0; i < ids->count; i++) {
    if (only != UINT32_MAX && i != only) continue;
    const ncl_component_view *c =
        ncl_zpages_find(p->page->model, p->view, kinds, *(const ncl_str *)ncl_array_at(ids, i));
    if (c != NULL) sum += ncl_zpages_rates_of(&p->page->base, p->page->model, c, p->view->signal).in;
  }
  return sum;
}

/* A way from one height (in percent) to another, thicker the more goes there. */
static void write_way(const pipeline *p, double x0, double y0, double x1, double y1, double per_second) {
  double middle = (x0 + x1) / 2;
  ncl_text_format(p->out, "<path class=%s stroke-width=%.1f d=\"M%.0f %.1fC%.0f %.1f %.0f %.1f %.0f %.1f\" />",
                  per_second > 0 ? "busy" : "idle", 1.5 + fmin(4, log10(1 + per_second)), x0, y0, middle, y0, middle,
                  y1, x1, y1);
}

static double height(uint32_t i, uint32_t count) {
  return (i + 0.5) * 100 / count;
}

/* From all of one stage to all of the next, through one point where both have several. */
static void write_ways(const pipeline *p, const ncl_array *from, uint32_t from_kinds, const ncl_array *to,
                       uint32_t to_kinds) {
  bool knot = from->count > 1 && to->count > 1;
  ncl_text_put(p->out, "<li class=ways aria-hidden=true><svg viewBox=\"0 0 100 100\" preserveAspectRatio=none>");
  for (uint32_t i = 0; i < from->count && (knot || to->count == 1); i++) {
    write_way(p, 0, height(i, from->count), knot ? 50 : 100, 50, rate_through(p, from, from_kinds, i));
  }
  for (uint32_t i = 0; i < to->count && (knot || to->count > 1); i++) {
    write_way(p, knot ? 50 : 0, 50, 100, height(i, to->count), rate_through(p, to, to_kinds, i));
  }
  ncl_text_put(p->out, "</svg></li>\n");
}

static void write_stage(const pipeline *p, const char *name, const ncl_array *ids, uint32_t kinds) {
  ncl_text_format(p->out, "<li class=stage><p class=label>%s</p><ul>\n", name);
  for (uint32_t i = 0; i < ids->count; i++)
    write_card(p, kinds, *(const ncl_str *)ncl_array_at(ids, i));
  ncl_text_put(p->out, "</ul></li>\n");
}

static void write_pipeline(const ncl_zpages_page *page, uint32_t number, ncl_text *out) {
  const ncl_pipeline_view *view = &page->model->pipelines[number];
  pipeline p = {page, view, out};
  ncl_text_format(out, "<section class=pipeline id=p%u aria-labelledby=h%u><h3 id=h%u>", number, number, number);
  ncl_text_html(out, view->id);
  ncl_text_put(out,
               "</h3>\n<div class=scroll tabindex=0 role=group aria-label=\"graph of this pipeline\">"
               "<ol class=flow>\n");
  ncl_array last = view->receivers;
  uint32_t last_kinds = AS_RECEIVER;
  write_stage(&p, view->receivers.count == 1 ? "Receiver" : "Receivers", &view->receivers, AS_RECEIVER);
  for (uint32_t i = 0; i < view->processors.count; i++) {
    ncl_array one = {ncl_array_at(&view->processors, i), 1, view->processors.stride};
    write_ways(&p, &last, last_kinds, &one, 1u << NCL_KIND_PROCESSOR);
    write_stage(&p, "Processor", &one, 1u << NCL_KIND_PROCESSOR);
    last = one;
    last_kinds = 1u << NCL_KIND_PROCESSOR;
  }
  write_ways(&p, &last, last_kinds, &view->exporters, AS_EXPORTER);
  write_stage(&p, view->exporters.count == 1 ? "Exporter" : "Exporters", &view->exporters, AS_EXPORTER);
  ncl_text_put(out, "</ol></div></section>\n");
}

void ncl_zpages_write_graph(const ncl_zpages_page *page, ncl_text *out) {
  ncl_text_put(out, "<section aria-labelledby=pipelines><h2 id=pipelines>Pipelines</h2>\n<p class=note>");
  if (page->base.sample != NULL) {
    ncl_text_put(out, "Rates are of the last ");
    ncl_zpages_age(out, page->base.elapsed_ns);
  } else {
    ncl_text_put(out, "Rates are averages since the start; load the page again for those of now");
  }
  ncl_text_put(out, ".</p>\n");
  for (uint32_t i = 0; i < page->model->pipeline_count; i++)
    write_pipeline(page, i, out);
  if (page->model->pipelines_left > 0) {
    ncl_text_format(out, "<p class=note>%u more pipelines are not shown.</p>\n", page->model->pipelines_left);
  }
  ncl_text_put(out, "</section>\n");
}
