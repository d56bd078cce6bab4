// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"nacelle/bench/wire"
)

// twoSpans is a request with two spans of two bytes.
var twoSpans = []byte{0x0a, 10, 0x12, 8, 0x12, 2, 0x30, 1, 0x12, 2, 0x30, 2}

func compressed(t *testing.T, message []byte) []byte {
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	if _, err := writer.Write(message); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func framed(flag byte, message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{flag}, uint32(len(message))), message...)
}

func post(t *testing.T, server *httptest.Server, path string, header map[string]string, body []byte) *http.Response {
	request, err := http.NewRequest(http.MethodPost, server.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(header["Content-Type"] == "application/grpc")
	protocols.SetHTTP1(!protocols.UnencryptedHTTP2())
	response, err := (&http.Transport{Protocols: &protocols}).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	var discard bytes.Buffer
	if _, err := discard.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response
}

type report struct {
	Signals map[wire.Signal]tally `json:"signals"`
	Bad     uint64                `json:"bad_requests"`
}

func counters(t *testing.T, server *httptest.Server) (out report) {
	response, err := http.Get(server.URL + "/counters")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func start(t *testing.T) *httptest.Server {
	server := httptest.NewUnstartedServer(newSink().routes())
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server
}

const grpcPath = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

func TestCountsEveryFormOfARequest(t *testing.T) {
	server := start(t)
	small := compressed(t, twoSpans)
	protobuf := map[string]string{"Content-Type": "application/x-protobuf"}
	protobufGzip := map[string]string{"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
	grpc := map[string]string{"Content-Type": "application/grpc"}
	grpcGzip := map[string]string{"Content-Type": "application/grpc", "grpc-encoding": "gzip"}
	for _, response := range []*http.Response{
		post(t, server, "/v1/traces", protobuf, twoSpans),
		post(t, server, "/v1/traces", protobufGzip, small),
	} {
		if response.StatusCode != http.StatusOK {
			t.Errorf("answered %s", response.Status)
		}
	}
	for _, response := range []*http.Response{
		post(t, server, grpcPath, grpc, framed(0, twoSpans)),
		post(t, server, grpcPath, grpcGzip, framed(1, small)),
	} {
		if response.Trailer.Get("grpc-status") != "0" {
			t.Errorf("answered %v %v", response.Header, response.Trailer)
		}
	}
	got := counters(t, server)
	traces := got.Signals[wire.Traces]
	if traces.Requests != 4 || traces.Items != 8 || traces.RecordBytes != 16 || got.Bad != 0 {
		t.Errorf("counted %+v, %d bad", traces, got.Bad)
	}
	if want := uint64(2 * (len(twoSpans) + len(small))); traces.WireBytes != want {
		t.Errorf("%d bytes came, %d were sent", traces.WireBytes, want)
	}
	if again := counters(t, server); again.Signals[wire.Traces] != traces {
		t.Errorf("counted twice: %+v", again)
	}
}

func TestCountsABodyOfFourMegabytes(t *testing.T) {
	server := start(t)
	large := bytes.Repeat(twoSpans, 350_000)
	response := post(t, server, "/v1/traces", map[string]string{"Content-Type": "application/x-protobuf"}, large)
	if got := counters(t, server).Signals[wire.Traces]; response.StatusCode != http.StatusOK || got.Items != 700_000 {
		t.Errorf("%s, %d spans", response.Status, got.Items)
	}
}

func TestRefusesAndNotesWhatItCannotCount(t *testing.T) {
	server := start(t)
	protobuf := map[string]string{"Content-Type": "application/x-protobuf"}
	if got := post(t, server, "/v1/traces", protobuf, twoSpans[:5]).StatusCode; got != http.StatusBadRequest {
		t.Errorf("truncated: %d", got)
	}
	json := map[string]string{"Content-Type": "application/json"}
	if got := post(t, server, "/v1/traces", json, []byte("{}")).StatusCode; got != http.StatusUnsupportedMediaType {
		t.Errorf("JSON: %d", got)
	}
	grpc := map[string]string{"Content-Type": "application/grpc"}
	if got := post(t, server, grpcPath, grpc, framed(0, twoSpans)[:9]); got.Header.Get("grpc-status") != "3" {
		t.Errorf("truncated gRPC: %v %v", got.Header, got.Trailer)
	}
	if got := counters(t, server); got.Bad != 3 || got.Signals[wire.Traces].Items != 0 {
		t.Errorf("%+v", got)
	}
}
