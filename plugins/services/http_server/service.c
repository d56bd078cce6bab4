/* SPDX-License-Identifier: Apache-2.0 */
/* service.c: the instance of http_server: what its ports share. */
#include "service.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS INT64_C(1000000000)

static const ncl_http_server slots = {
    sizeof(ncl_http_server), 0, NULL, ncl_port_open, ncl_port_endpoint, ncl_stream_respond, ncl_port_drain,
    ncl_port_close,
};

ncl_status ncl_service_create(const ncl_create *create, void **self) {
  ncl_service *service = calloc(1, sizeof(*service));
  if (service == NULL) return NCL_NO_MEMORY;
  service->host = create->host;
  service->me = create->me;
  service->table = slots;
  service->table.self = service;
  ncl_blocks_init(&service->blocks, create->host, create->me);
  service->decoders.blocks = &service->blocks;
  service->date_s = -1;
  *self = service;
  return NCL_OK;
}

bool ncl_service_prepare(ncl_service *service) {
  if (service->h2_option == NULL && !ncl_h2_setup(service)) return false;
  if (service->in == NULL) service->in = ncl_blocks_alloc(&service->blocks, NCL_READ_SIZE);
  if (service->out == NULL) service->out = ncl_blocks_alloc(&service->blocks, NCL_WRITE_SIZE);
  if (service->flush == NULL) {
    service->flush = service->host->timer_open(service->me, ncl_conn_flush_dirty, service);
  }
  return service->in != NULL && service->out != NULL && service->flush != NULL;
}

void ncl_service_destroy(void *self) {
  ncl_service *service = self;
  while (service->ports != NULL)
    ncl_port_close(service->ports);
  if (service->flush != NULL) service->host->timer_close(service->flush);
  ncl_stream_free_all(service);
  ncl_decoders_end(&service->decoders);
  ncl_blocks_free(&service->blocks, service->in);
  ncl_blocks_free(&service->blocks, service->tls_in);
  ncl_blocks_free(&service->blocks, service->out);
  ncl_h2_teardown(service);
  ncl_blocks_end(&service->blocks);
  free(service);
}

const void *ncl_service_publish(void *self, ncl_str name) {
  ncl_service *service = self;
  static const ncl_str known = NCL_STR(NCL_HTTP_SERVER_1);
  if (name.len != known.len || memcmp(name.ptr, known.ptr, known.len) != 0) return NULL;
  return &service->table;
}

static char *two_digits(char *at, int value) {
  *at++ = (char)('0' + value / 10 % 10);
  *at++ = (char)('0' + value % 10);
  return at;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), made once a second. */
ncl_str ncl_service_date(ncl_service *service) {
  static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  int64_t now_s = service->host->wall_ns(service->me) / SECOND_NS;
  if (now_s != service->date_s) {
    time_t seconds = (time_t)now_s;
    struct tm tm;
    char *at = service->date;
    gmtime_r(&seconds, &tm);
    memcpy(at, days + (size_t)tm.tm_wday * 3, 3);
    memcpy(at + 3, ", ", 2);
    at = two_digits(at + 5, tm.tm_mday);
    *at++ = ' ';
    memcpy(at, months + (size_t)tm.tm_mon * 3, 3);
    at[3] = ' ';
    at = two_digits(two_digits(at + 4, (tm.tm_year + 1900) / 100), tm.tm_year % 100);
    *at++ = ' ';
    at = two_digits(at, tm.tm_hour);
    *at++ = ':';
    at = two_digits(at, tm.tm_min);
    *at++ = ':';
    at = two_digits(at, tm.tm_sec);
    memcpy(at, " GMT", 4);
    service->date_s = now_s;
  }
  return ncl_str_of(service->date, 29);
}
