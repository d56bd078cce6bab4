// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"nacelle/bench/wire"
)

func TestASpanHasItsSizeAndTenAttributes(t *testing.T) {
	request, err := makeTraces(256, 0)
	if err != nil {
		t.Fatal(err)
	}
	traces, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(request.protobuf)
	if err != nil {
		t.Fatal(err)
	}
	if traces.SpanCount() != 256 {
		t.Fatalf("%d spans", traces.SpanCount())
	}
	spans := traces.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	names := map[string]bool{}
	for i := range spans.Len() {
		if size := framedSpanBytes(spans.At(i)); size != spanBytes {
			t.Errorf("span %d has %d bytes", i, size)
		}
		if attributes := spans.At(i).Attributes().Len(); attributes != 10 {
			t.Errorf("span %d has %d attributes", i, attributes)
		}
		names[spans.At(i).SpanID().String()] = true
	}
	if len(names) != 256 {
		t.Errorf("%d different span ids", len(names))
	}
	if size := len(request.protobuf); size < 129_000 || size > 131_000 {
		t.Errorf("a request of %d bytes", size)
	}
}

func TestJSONSaysTheSameAsProtobuf(t *testing.T) {
	traces, _ := makeTraces(20, 0)
	fromJSON, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(traces.json)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := (&ptrace.ProtoMarshaler{}).MarshalTraces(fromJSON); !bytes.Equal(again, traces.protobuf) {
		t.Error("traces differ")
	}
	logs, _ := makeLogs(20, 0)
	logsFromJSON, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(logs.json)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := (&plog.ProtoMarshaler{}).MarshalLogs(logsFromJSON); !bytes.Equal(again, logs.protobuf) {
		t.Error("logs differ")
	}
	metrics, _ := makeMetrics(20, 0)
	metricsFromJSON, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(metrics.json)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := (&pmetric.ProtoMarshaler{}).MarshalMetrics(metricsFromJSON); !bytes.Equal(again, metrics.protobuf) {
		t.Error("metrics differ")
	}
	if metricsFromJSON.DataPointCount() != 20 {
		t.Errorf("%d data points", metricsFromJSON.DataPointCount())
	}
}

func TestCountsAgreeWithTheCollectorsDataModel(t *testing.T) {
	for _, items := range []int{1, 8, 9, 256} {
		for signal, maker := range makers {
			request, err := maker(items, 0)
			if err != nil {
				t.Fatal(err)
			}
			counts, err := wire.Count(signal, request.protobuf)
			if err != nil || counts.Items != uint64(items) {
				t.Errorf("%s with %d items: %+v, %v", signal, items, counts, err)
			}
			overhead := len(request.protobuf) - int(counts.RecordBytes)
			if overhead < 0 || overhead > 260+3*int(counts.Records) {
				t.Errorf("%s with %d items: %d bytes outside records", signal, items, overhead)
			}
		}
	}
}

func TestWritesTheSameBytesAgain(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	for _, dir := range []string{first, second} {
		if _, err := writeBodies([]string{"-dir", dir, "-items", "1,3"}); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := os.ReadDir(first)
	if len(files) != 3*2*5 {
		t.Fatalf("%d files", len(files))
	}
	for _, file := range files {
		one, _ := os.ReadFile(filepath.Join(first, file.Name()))
		other, err := os.ReadFile(filepath.Join(second, file.Name()))
		if err != nil || !bytes.Equal(one, other) {
			t.Errorf("%s differs: %v", file.Name(), err)
		}
	}
}

// answering serves gRPC with a fixed status, in the trailers or (without a message) in the headers.
func answering(t *testing.T, status, encoding, body string) string {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/grpc")
		if encoding != "" {
			w.Header().Set("grpc-encoding", encoding)
		}
		if body == "" {
			w.Header().Set("grpc-status", status)
			return
		}
		_, _ = io.WriteString(w, body)
		w.Header().Set(http.TrailerPrefix+"grpc-status", status)
	})
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func TestAGRPCCallThatFailsIsNotOK(t *testing.T) {
	partial := "\x0a\x02\x08\x07"
	small, err := gzipped([]byte(partial))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status, encoding, body string
		ok                     bool
		rejected               uint64
	}{
		{"0", "", string(framed(0, nil)), true, 0},
		{"0", "", string(framed(0, []byte(partial))), false, 7},
		{"0", "gzip", string(framed(1, small)), false, 7},
		{"14", "", "", false, 0},
		{"8", "", string(framed(0, nil)), false, 0},
	} {
		address := answering(t, c.status, c.encoding, c.body)
		said, err := export(context.Background(), transport(formGRPC, nil), address, wire.Traces, formGRPC, framed(0, nil))
		if err != nil {
			t.Fatal(err)
		}
		if said.OK != c.ok || said.Rejected != c.rejected || said.GRPC != c.status || said.Bytes != len(c.body) {
			t.Errorf("status %s with %q: %+v", c.status, c.body, said)
		}
	}
}

func TestReadsRejectedItemsFromJSON(t *testing.T) {
	for said, rejected := range map[string]uint64{
		`{}`: 0, `{"partialSuccess":{}}`: 0, `{"partialSuccess":{"rejectedSpans":"12"}}`: 12,
		`{"partialSuccess":{"rejectedLogRecords":3}}`: 3,
	} {
		if got, err := rejectedJSON([]byte(said)); err != nil || got != rejected {
			t.Errorf("%s: %d, %v", said, got, err)
		}
	}
	if _, err := rejectedJSON([]byte("ok")); err == nil {
		t.Error("an answer that is not JSON was taken")
	}
}
