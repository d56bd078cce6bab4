// SPDX-License-Identifier: Apache-2.0
// Asks the Go components for X-Ray (contrib v0.98.0) what they make of things: spans given to the exporter, whose calls
// come to a server here, and datagrams sent to the receiver. Lines of JSON in, lines of JSON out; see record.py.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/awsxrayexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/awsxrayreceiver"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/featuregate"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"
)

type question struct {
	Name     string         `json:"name"`
	Config   map[string]any `json:"config"`
	Request  []byte         `json:"request"`  // an OTLP request, for the exporter
	Datagram *string        `json:"datagram"` // for the receiver
}

type answer struct {
	Name      string            `json:"name"`
	Documents []json.RawMessage `json:"documents,omitempty"` // of the exporter
	Traces    json.RawMessage   `json:"traces,omitempty"`    // of the receiver, OTLP/JSON; none = it refused the datagram
}

// The calls of the exporter end here.
type double struct {
	mutex     sync.Mutex
	documents []json.RawMessage
}

func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var call struct{ TraceSegmentDocuments []string }
	body, err := io.ReadAll(r.Body)
	if err == nil && r.URL.Path == "/TraceSegments" {
		err = json.Unmarshal(body, &call)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d.mutex.Lock()
	for _, text := range call.TraceSegmentDocuments {
		d.documents = append(d.documents, json.RawMessage(text))
	}
	d.mutex.Unlock()
	_, _ = w.Write([]byte("{}"))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func telemetry() component.TelemetrySettings {
	settings := componenttest.NewNopTelemetrySettings()
	settings.Logger = zap.NewNop()
	return settings
}

func export(q question) answer {
	x := &double{}
	server := httptest.NewServer(x)
	defer server.Close()
	factory := awsxrayexporter.NewFactory()
	config := factory.CreateDefaultConfig()
	if q.Config == nil {
		q.Config = map[string]any{}
	}
	q.Config["endpoint"] = server.URL
	q.Config["region"] = "eu-central-1"
	q.Config["local_mode"] = true
	must(component.UnmarshalConfig(confmap.NewFromStringMap(q.Config), config))
	settings := exporter.CreateSettings{ID: component.NewID(factory.Type()), TelemetrySettings: telemetry()}
	made, err := factory.CreateTracesExporter(context.Background(), settings, config)
	must(err)
	must(made.Start(context.Background(), componenttest.NewNopHost()))
	traces, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(q.Request)
	must(err)
	must(made.ConsumeTraces(context.Background(), traces))
	must(made.Shutdown(context.Background()))
	return answer{Name: q.Name, Documents: x.documents}
}

func freePort(network string) string {
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		must(err)
		defer c.Close()
		return c.LocalAddr().String()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	defer l.Close()
	return l.Addr().String()
}

// One receiver for all datagrams: they are asked one after the other.
type listening struct {
	receiver receiver.Traces
	client   net.Conn
	came     chan ptrace.Traces
}

func listen() *listening {
	l := &listening{came: make(chan ptrace.Traces, 1)}
	factory := awsxrayreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	endpoint := freePort("udp")
	must(component.UnmarshalConfig(confmap.NewFromStringMap(map[string]any{
		"endpoint":     endpoint,
		"proxy_server": map[string]any{"endpoint": freePort("tcp"), "region": "eu-central-1", "local_mode": true},
	}), config))
	next, err := consumer.NewTraces(func(_ context.Context, traces ptrace.Traces) error {
		l.came <- traces
		return nil
	})
	must(err)
	settings := receiver.CreateSettings{ID: component.NewID(factory.Type()), TelemetrySettings: telemetry()}
	l.receiver, err = factory.CreateTracesReceiver(context.Background(), settings, config, next)
	must(err)
	must(l.receiver.Start(context.Background(), componenttest.NewNopHost()))
	l.client, err = net.Dial("udp", endpoint)
	must(err)
	return l
}

func (l *listening) ask(q question) answer {
	_, err := l.client.Write([]byte(*q.Datagram))
	must(err)
	select {
	case traces := <-l.came:
		text, err := (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
		must(err)
		return answer{Name: q.Name, Traces: text}
	case <-time.After(300 * time.Millisecond):
		return answer{Name: q.Name}
	}
}

func main() {
	// The exporter looks for credentials, and nowhere but here.
	must(os.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"))
	must(os.Setenv("AWS_SECRET_ACCESS_KEY", "not a secret"))
	must(os.Setenv("AWS_EC2_METADATA_DISABLED", "true"))
	// On by default from v0.110 on: annotation keys keep their dots.
	must(featuregate.GlobalRegistry().Set("exporter.xray.allowDot", true))
	var receiving *listening
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var q question
		must(json.Unmarshal(in.Bytes(), &q))
		if q.Datagram == nil {
			must(out.Encode(export(q)))
			continue
		}
		if receiving == nil {
			receiving = listen()
		}
		must(out.Encode(receiving.ask(q)))
	}
	must(in.Err())
	if receiving != nil {
		must(receiving.receiver.Shutdown(context.Background()))
	}
}
