/* SPDX-License-Identifier: Apache-2.0 */
/* page.c: the frame of the page: head, summary, config. */
#include "page.h"

#include "numbers.h"

static void write_head(const ncl_zpages_page *page, ncl_text *out) {
  ncl_text_put(out,
               "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
               "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
               "<meta name=color-scheme content=\"light dark\">\n<link rel=icon href=\"data:,\">\n<title>");
  ncl_text_format(out, "%s \xe2\x80\x93 nacelle</title>\n", page->title);
  if (page->refresh_s > 0) ncl_text_format(out, "<meta http-equiv=refresh content=%u>\n", page->refresh_s);
  ncl_text_format(out, "<style nonce=%s>\n", page->nonce);
  ncl_text_put(out, ncl_zpages_style);
  ncl_text_put(out, "</style>\n</head>\n");
}

static void write_link(ncl_text *out, const char *href, const char *text) {
  ncl_text_format(out, "<a href=\"%s\">%s</a>\n", href, text);
}

static void write_refresh(const ncl_zpages_page *page, ncl_text *out) {
  ncl_text_put(out, "<a class=button href=\"");
  ncl_text_html(out, page->path);
  if (page->refresh_s > 0) {
    ncl_text_format(out, "\">Stop auto-refresh (%u s)</a>\n", page->refresh_s);
  } else {
    ncl_text_put(out, "?refresh=5\" title=\"Loads the page again every 5 seconds\">Auto-refresh</a>\n");
  }
}

static void write_header(const ncl_zpages_page *page, ncl_text *out) {
  static const char *const looks[] = {"off", "warn", "ok", "warn"};
  static const char *const words[] = {"unknown", "starting", "ready", "shutting down"};
  uint32_t state = page->model->process.state < 4 ? page->model->process.state : 0;
  ncl_text_put(out, "<body>\n<a class=skip href=\"#main\">Skip to the content</a>\n<header>\n<h1>nacelle <small>");
  ncl_text_html(out, page->model->process.version);
  ncl_text_format(out, "</small> <span class=\"chip %s\">%s</span></h1>\n", looks[state], words[state]);
  ncl_text_put(out, "<nav aria-label=\"Parts of the status\">\n");
  bool all = page->parts == NCL_ZPAGES_ALL;
  write_link(out, all ? "#pipelines" : "/#pipelines", "Pipelines");
  write_link(out, all ? "#components" : "/#components", "Components");
  write_link(out, all ? "#config" : "/#config", "Config");
  write_link(out, all ? "#log" : "/#log", "Log");
  ncl_text_put(out, "</nav>\n");
  write_refresh(page, out);
  ncl_text_put(out, "</header>\n<main id=main>\n");
}

/* ---- what is to be known at once ------------------------------------------------------------------ */

static void begin_alert(ncl_text *out, const char *look) {
  ncl_text_format(out, "<p class=\"alert %s\" role=note>", look);
}

static void write_alerts(const ncl_zpages_page *page, ncl_text *out) {
  const ncl_zpages_model *m = page->model;
  uint32_t ill = 0;
  if (page->open_endpoint.len > 0) {
    begin_alert(out, "warn");
    ncl_text_put(out, "This page is served at ");
    ncl_text_html(out, page->open_endpoint);
    ncl_text_put(out,
                 ": whoever reaches that port reads the config (without its secrets) and the log. Set zpages.endpoint "
                 "to localhost:55679 unless that is meant.</p>\n");
  }
  if (m->process.reload_error.len > 0) {
    begin_alert(out, "error");
    ncl_text_put(out, "The newest config was not taken, the one before it stays in force: ");
    ncl_text_html(out, m->process.reload_error);
    ncl_text_put(out, "</p>\n");
  }
  for (uint32_t i = 0; i < m->component_count; i++)
    ill += m->components[i].status != NCL_OK;
  if (ill > 0) {
    begin_alert(out, "warn");
    ncl_text_format(out, "%u component%s a problem: ", ill, ill == 1 ? " has" : "s have");
  }
  for (uint32_t i = 0, said = 0; i < m->component_count && said < 10; i++) {
    if (m->components[i].status == NCL_OK) continue;
    ncl_text_format(out, "%s%s ", said++ > 0 ? ", " : "", ncl_zpages_kind(m->components[i].kind));
    ncl_text_html(out, m->components[i].id);
  }
  if (ill > 0) ncl_text_put(out, ".</p>\n");
}

static void begin_tile(ncl_text *out, const char *name) {
  ncl_text_format(out, "<div><dt>%s</dt><dd>", name);
}

static void write_delivered(const ncl_zpages_page *page, ncl_text *out) {
  double rate = 0;
  for (uint32_t i = 0; i < page->model->component_count; i++) {
    const ncl_component_view *c = &page->model->components[i];
    for (uint32_t signal = 1; c->kind == NCL_KIND_EXPORTER && signal <= 3; signal++) {
      if (c->signal == signal) rate += ncl_zpages_rates_of(&page->base, page->model, c, signal).out;
    }
  }
  begin_tile(out, "Delivered");
  ncl_zpages_count(out, page->model->process.delivered);
  ncl_text_put(out, " <small>items, ");
  ncl_zpages_rate(out, rate);
  ncl_text_put(out, "/s</small></dd></div>\n");
}

static void write_memory(const ncl_zpages_page *page, ncl_text *out) {
  begin_tile(out, "Memory for telemetry");
  ncl_zpages_bytes(out, page->memory.used);
  if (page->memory.budget != UINT64_MAX) {
    ncl_text_put(out, " <small>of ");
    ncl_zpages_bytes(out, page->memory.budget);
    ncl_text_put(out, "</small>");
  }
  ncl_text_put(out, "</dd></div>\n");
}

static void write_config_tile(const ncl_zpages_page *page, ncl_text *out) {
  const ncl_process_view *process = &page->model->process;
  begin_tile(out, "Config");
  ncl_zpages_age(out, page->wall_ns - process->config_ns);
  ncl_text_put(out, " <small>in force");
  if (process->reloads > 0) {
    ncl_text_put(out, ", ");
    ncl_zpages_count(out, process->reloads);
    ncl_text_put(out, process->reloads == 1 ? " reload" : " reloads");
  }
  if (process->reload_failures > 0) {
    ncl_text_put(out, ", ");
    ncl_zpages_count(out, process->reload_failures);
    ncl_text_put(out, " not taken");
  }
  ncl_text_put(out, "</small></dd></div>\n");
}

static void write_summary(const ncl_zpages_page *page, ncl_text *out) {
  const ncl_process_view *process = &page->model->process;
  ncl_text_put(out, "<section aria-labelledby=summary><h2 id=summary class=hidden>Summary</h2>\n");
  write_alerts(page, out);
  ncl_text_put(out, "<dl class=tiles>\n");
  begin_tile(out, "Up");
  ncl_zpages_age(out, process->uptime_ns);
  ncl_text_put(out, " <small>since ");
  ncl_zpages_time(out, process->started_ns, 1);
  ncl_text_put(out, "</small></dd></div>\n");
  write_delivered(page, out);
  begin_tile(out, "Dropped");
  ncl_text_format(out, "<span class=\"%s\">", process->dropped > 0 ? "bad" : "good");
  ncl_zpages_count(out, process->dropped);
  ncl_text_put(out, "</span> <small>items</small></dd></div>\n");
  write_memory(page, out);
  write_config_tile(page, out);
  ncl_text_put(out, "</dl></section>\n");
}

/* ---- the rest ------------------------------------------------------------------------------------- */

static void write_config(const ncl_zpages_page *page, ncl_text *out) {
  ncl_text_put(out, "<section aria-labelledby=config><h2 id=config>Effective config</h2>\n");
  if (page->yaml.len == 0) {
    ncl_text_put(out, "<p class=note>There is no memory for it now.</p>\n");
  } else {
    ncl_text_put(out,
                 "<p class=note>Merged, expanded, with defaults; secrets are left out.</p>\n"
                 "<details><summary>Show it</summary><pre tabindex=0>");
    ncl_text_html(out, page->yaml);
    ncl_text_put(out, "</pre></details>\n");
  }
  ncl_text_put(out, "</section>\n");
}

void ncl_zpages_write(const ncl_zpages_page *page, ncl_text *out) {
  write_head(page, out);
  write_header(page, out);
  if (page->parts & NCL_ZPAGES_SUMMARY) write_summary(page, out);
  if (page->parts & NCL_ZPAGES_GRAPH) ncl_zpages_write_graph(page, out);
  if (page->parts & NCL_ZPAGES_TABLE) ncl_zpages_write_table(page, out);
  if (page->parts & NCL_ZPAGES_CONFIG) write_config(page, out);
  if (page->parts & NCL_ZPAGES_LOG) ncl_zpages_write_log(page, out);
  if (page->parts & NCL_ZPAGES_GATES) {
    ncl_text_put(
        out,
        "<section aria-labelledby=gates><h2 id=gates>Feature gates</h2>\n<p class=note>Nacelle has no "
        "feature gates of its own; see <code>nacelle --help</code> for those that it accepts.</p></section>\n");
  }
  ncl_text_put(out, "</main>\n<footer><p>As of ");
  ncl_zpages_time(out, page->wall_ns, 1);
  ncl_text_put(out, " UTC</p></footer>\n</body>\n</html>\n");
}
