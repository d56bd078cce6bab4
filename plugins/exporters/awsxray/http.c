/* SPDX-License-Identifier: Apache-2.0 */
/* http.c: the member `http`, of the old and the stable names of HTTP's attributes. */
#include <arpa/inet.h>

#include "segment.h"

static const uint8_t says_http[] = {
    NCL_XRAY_HTTP_METHOD,
    NCL_XRAY_HTTP_REQUEST_METHOD,
    NCL_XRAY_HTTP_CLIENT_IP,
    NCL_XRAY_HTTP_USER_AGENT,
    NCL_XRAY_USER_AGENT_ORIGINAL,
    NCL_XRAY_HTTP_STATUS_CODE,
    NCL_XRAY_HTTP_RESPONSE_STATUS,
    NCL_XRAY_HTTP_URL,
    NCL_XRAY_URL_FULL,
    NCL_XRAY_HTTP_SCHEME,
    NCL_XRAY_URL_SCHEME,
    NCL_XRAY_HTTP_HOST,
    NCL_XRAY_HTTP_TARGET,
    NCL_XRAY_URL_PATH,
    NCL_XRAY_URL_QUERY,
    NCL_XRAY_HTTP_SERVER_NAME,
    NCL_XRAY_NET_HOST_PORT,
};
static const uint8_t says_url[] = {
    NCL_XRAY_HTTP_URL,       NCL_XRAY_URL_FULL,      NCL_XRAY_HTTP_HOST,   NCL_XRAY_HTTP_SERVER_NAME,
    NCL_XRAY_HOST_NAME,      NCL_XRAY_NET_HOST_NAME, NCL_XRAY_NET_PEER_IP, NCL_XRAY_NETWORK_PEER_ADDRESS,
    NCL_XRAY_SERVER_ADDRESS,
};

static bool has_any(const ncl_xray_facts *facts, const uint8_t *places, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (ncl_xray_has(facts, places[i])) return true;
  }
  return false;
}

static bool is_address(ncl_str text) {
  char host[INET6_ADDRSTRLEN];
  uint8_t address[16];
  if (text.len == 0 || text.len >= sizeof host) return false;
  memcpy(host, text.ptr, text.len);
  host[text.len] = '\0';
  return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* ---- the URL ----------------------------------------------------------------------------------------- */

/* The first of the places that is there, also where it is empty. */
static uint32_t first_of(const ncl_xray_facts *facts, const uint8_t *places, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (ncl_xray_has(facts, places[i])) return places[i];
  }
  return NCL_XRAY_NO_FACT;
}

static bool is_default_port(ncl_str scheme, ncl_str text, int64_t number) {
  if (ncl_xray_is(scheme, "http")) return ncl_xray_is(text, "80") || number == 80;
  return ncl_xray_is(scheme, "https") && (ncl_xray_is(text, "443") || number == 443);
}

static void put_port(const ncl_xray_facts *facts, ncl_writer *w, ncl_str scheme, uint32_t place) {
  ncl_str text = ncl_xray_str(facts, place);
  int64_t number = ncl_xray_int(facts, place);
  if ((text.len == 0 && number == 0) || is_default_port(scheme, text, number)) return;
  ncl_json_literal(w, ":");
  if (text.len > 0) {
    ncl_json_inner_bytes(w, text);
  } else {
    ncl_json_put_int(w, number);
  }
}

static void put_target(const ncl_xray_facts *facts, ncl_writer *w) {
  if (ncl_xray_has(facts, NCL_XRAY_HTTP_TARGET)) {
    ncl_json_inner_bytes(w, ncl_xray_str(facts, NCL_XRAY_HTTP_TARGET));
    return;
  }
  ncl_str path = ncl_xray_str(facts, NCL_XRAY_URL_PATH), query = ncl_xray_str(facts, NCL_XRAY_URL_QUERY);
  if (path.len > 0) {
    ncl_json_inner_bytes(w, path);
  } else {
    ncl_json_literal(w, "/");
  }
  if (query.len == 0) return;
  if (query.ptr[0] != '?') ncl_json_literal(w, "?");
  ncl_json_inner_bytes(w, query);
}

static void put_url(const ncl_xray_translator *t, ncl_writer *w) {
  static const uint8_t servers[] = {NCL_XRAY_HTTP_SERVER_NAME, NCL_XRAY_NET_HOST_NAME, NCL_XRAY_HOST_NAME,
                                    NCL_XRAY_SERVER_ADDRESS};
  static const uint8_t peers[] = {NCL_XRAY_NET_PEER_NAME, NCL_XRAY_SERVER_ADDRESS, NCL_XRAY_NET_PEER_IP,
                                  NCL_XRAY_NETWORK_PEER_ADDRESS};
  const ncl_xray_facts *facts = &t->facts;
  bool is_server = t->span.kind == NCL_SPAN_KIND_SERVER;
  ncl_str whole = ncl_xray_either(facts, NCL_XRAY_HTTP_URL, NCL_XRAY_URL_FULL);
  ncl_json_inner_key(w, "url");
  if (whole.len > 0) {
    ncl_json_inner_text(w, whole);
    return;
  }
  ncl_str scheme = ncl_xray_either(facts, NCL_XRAY_HTTP_SCHEME, NCL_XRAY_URL_SCHEME);
  if (scheme.len == 0) scheme = (ncl_str)NCL_STR("http");
  ncl_json_literal(w, NCL_JSON_INNER_QUOTE);
  ncl_json_inner_bytes(w, scheme);
  ncl_json_literal(w, "://");
  if (ncl_xray_has(facts, NCL_XRAY_HTTP_HOST)) {
    ncl_json_inner_bytes(w, ncl_xray_str(facts, NCL_XRAY_HTTP_HOST));
  } else {
    uint32_t host = is_server ? first_of(facts, servers, sizeof servers) : first_of(facts, peers, sizeof peers);
    uint32_t port = is_server ? NCL_XRAY_NET_HOST_PORT : NCL_XRAY_NET_PEER_PORT;
    if (host != NCL_XRAY_NO_FACT) ncl_json_inner_bytes(w, ncl_xray_str(facts, host));
    put_port(facts, w, scheme, ncl_xray_has(facts, port) ? port : NCL_XRAY_SERVER_PORT);
  }
  put_target(facts, w);
  ncl_json_literal(w, NCL_JSON_INNER_QUOTE);
}

/* ---- the rest ---------------------------------------------------------------------------------------- */

static void put_client(const ncl_xray_facts *facts, ncl_writer *w) {
  ncl_str client = ncl_xray_str(facts, NCL_XRAY_HTTP_CLIENT_IP);
  ncl_str address = ncl_xray_str(facts, NCL_XRAY_CLIENT_ADDRESS);
  ncl_str peer = ncl_xray_str(facts, NCL_XRAY_NETWORK_PEER_ADDRESS);
  bool has_peer = ncl_xray_has(facts, NCL_XRAY_NET_PEER_IP) || is_address(peer);
  if (client.len == 0 && is_address(address)) client = address;
  if (client.len > 0 && !has_peer) {
    ncl_json_inner_key(w, "x_forwarded_for");
    ncl_json_put_bool(w, 1);
  }
  if (client.len == 0) client = ncl_xray_str(facts, NCL_XRAY_NET_PEER_IP);
  if (client.len == 0 && is_address(peer)) client = peer;
  ncl_json_inner_member(w, "client_ip", client);
}

static int64_t payload_of(ncl_repeated attributes) {
  static const ncl_str type_key = NCL_STR("message.type"), size_key = NCL_STR("messaging.message_payload_size_bytes");
  ncl_any type, size;
  if (!ncl_attributes_find(attributes, type_key, &type) || type.type != NCL_ANY_STRING) return 0;
  if (!ncl_xray_is(type.string, "RECEIVED")) return 0;
  return ncl_attributes_find(attributes, size_key, &size) && size.type == NCL_ANY_INT ? size.i : 0;
}

/* Some instrumentations put the size of the answer into an event. */
static int64_t content_length(const ncl_xray_translator *t) {
  int64_t length = 0;
  if (ncl_xray_is(ncl_xray_str(&t->facts, NCL_XRAY_MESSAGE_TYPE), "RECEIVED")) {
    length = ncl_xray_int(&t->facts, NCL_XRAY_PAYLOAD_BYTES);
  }
  ncl_repeated events = t->span.events;
  ncl_span_event event;
  ncl_range body;
  while (length == 0 && ncl_repeated_next(&events, &body)) {
    if (ncl_span_event_read(body, &event)) length = payload_of(event.attributes);
  }
  return length;
}

void ncl_xray_put_http(ncl_xray_translator *t, ncl_writer *w) {
  const ncl_xray_facts *facts = &t->facts;
  if (!has_any(facts, says_http, sizeof says_http)) return;
  ncl_json_inner_key(w, "http");
  ncl_json_literal(w, "{" NCL_JSON_INNER_NAME("request") "{");
  ncl_json_inner_member(w, "method", ncl_xray_either(facts, NCL_XRAY_HTTP_METHOD, NCL_XRAY_HTTP_REQUEST_METHOD));
  if (has_any(facts, says_url, sizeof says_url)) put_url(t, w);
  ncl_json_inner_member(w, "user_agent",
                        ncl_xray_either(facts, NCL_XRAY_HTTP_USER_AGENT, NCL_XRAY_USER_AGENT_ORIGINAL));
  put_client(facts, w);
  ncl_json_literal(w, "}," NCL_JSON_INNER_NAME("response") "{");
  uint32_t status =
      ncl_xray_has(facts, NCL_XRAY_HTTP_STATUS_CODE) ? NCL_XRAY_HTTP_STATUS_CODE : NCL_XRAY_HTTP_RESPONSE_STATUS;
  if (ncl_xray_has(facts, status)) {
    ncl_json_inner_key(w, "status");
    ncl_json_put_int(w, ncl_xray_int(facts, status));
  }
  ncl_json_inner_key(w, "content_length");
  ncl_json_put_int(w, content_length(t));
  ncl_json_literal(w, "}}");
}
