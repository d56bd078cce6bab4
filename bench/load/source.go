// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// The instant at which the generated telemetry begins. Fixed, so that every run writes the same bytes.
const firstInstant = int64(1_750_000_000_000_000_000)

// source draws the varying values: splitmix64, whose sequence depends on nothing but the seed.
type source struct {
	state uint64
	// begin is the instant at which the telemetry begins, in Unix nanoseconds.
	begin int64
	// epoch puts the seconds of begin first in each trace id, as X-Ray wants it.
	epoch bool
}

// newSource draws the same for the same seed; now is the instant at which the telemetry begins, 0 for the fixed one.
func newSource(seed uint64, now int64) source {
	if now == 0 {
		return source{state: seed, begin: firstInstant}
	}
	return source{state: seed, begin: now, epoch: true}
}

func (s *source) next() uint64 {
	s.state += 0x9e3779b97f4a7c15
	z := s.state
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// below draws a number from 0 to limit-1.
func (s *source) below(limit int) int { return int(s.next() % uint64(limit)) }

func (s *source) pick(values []string) string { return values[s.below(len(values))] }

// text draws n letters and digits, which compress no better than real tokens do.
func (s *source) text(n int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[s.below(len(alphabet))]
	}
	return string(out)
}

func (s *source) traceID() (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[:8], s.next())
	binary.BigEndian.PutUint64(id[8:], s.next())
	if s.epoch {
		binary.BigEndian.PutUint32(id[:4], uint32(s.begin/int64(time.Second)))
	}
	return id
}

func (s *source) spanID() (id pcommon.SpanID) {
	binary.BigEndian.PutUint64(id[:], s.next())
	return id
}

// instant gives a time up to a second after the first instant.
func (s *source) instant() pcommon.Timestamp {
	return pcommon.Timestamp(s.begin + int64(s.below(int(time.Second))))
}

// endpoints are the routes of the imagined shop; {} in a path is replaced by a drawn token. Their lengths differ by
// less than what url.query can make up for: see padSpan.
var endpoints = []struct{ method, route, path string }{
	{"GET", "/v2/products/{product_id}", "/v2/products/{}"},
	{"GET", "/v2/orders/{order_id}", "/v2/orders/{}"},
	{"POST", "/v2/carts/{cart_id}/items", "/v2/carts/{}/items"},
	{"PUT", "/v2/customers/{id}", "/v2/customers/{}"},
	{"DELETE", "/v2/sessions/{session_id}", "/v2/sessions/{}"},
	{"POST", "/v2/payments/{id}/capture", "/v2/payments/{}/capture"},
	{"GET", "/v2/suggestions/{locale}", "/v2/suggestions/{}"},
	{"GET", "/v2/wishlists/{wishlist_id}", "/v2/wishlists/{}"},
}

var userAgents = []string{
	"okhttp/4.12.0 Shop/5.14.2 (Android 15)",
	"python-requests/2.32.3",
	"axios/1.7.9 node/22.19.0",
	"shop-gateway/3.8.1 Go-http-client/2.0",
	"Apache-HttpClient/5.3.1 (Java/21.0.4)",
	"Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0",
	"Shop/5.14.2 (iPhone; iOS 17.6.1; Scale/3.00)",
}

var statusCodes = []int64{200, 200, 200, 200, 200, 201, 204, 302, 400, 404, 500, 503}

// describe fills the resource as an SDK in a container does.
func describe(resource pcommon.Resource) {
	attributes := resource.Attributes()
	attributes.PutStr("service.name", "checkout")
	attributes.PutStr("service.version", "5.14.2")
	attributes.PutStr("telemetry.sdk.language", "go")
	attributes.PutStr("telemetry.sdk.name", "opentelemetry")
	attributes.PutStr("telemetry.sdk.version", "1.38.0")
}
