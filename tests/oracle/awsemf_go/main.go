// SPDX-License-Identifier: Apache-2.0

// Asks the Go exporter awsemf (contrib v0.156.0, which ADOT v0.49 has) for the log events that it makes of sequences of
// metrics. Lines of JSON in, lines of JSON out; see record.py. The package cwlogs is a double: that of the
// release cannot be had, and it would send.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/awsemfexporter"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"
	"nacelle/tests/oracle/awsemf_go/taken"
)

type question struct {
	Name     string         `json:"name"`
	Config   map[string]any `json:"config"`
	Requests [][]byte       `json:"requests"` // OTLP requests, one after the other
}

type event struct {
	Group    string          `json:"group"`
	Stream   string          `json:"stream"`
	Time     int64           `json:"time"`
	Document json.RawMessage `json:"document"`
}

type answer struct {
	Name   string    `json:"name"`
	Events [][]event `json:"events"` // of each request
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
	a := answer{Name: q.Name, Events: [][]event{}}
	factory := awsemfexporter.NewFactory()
	config := factory.CreateDefaultConfig()
	if q.Config == nil {
		q.Config = map[string]any{}
	}
	q.Config["region"] = "eu-central-1"
	q.Config["local_mode"] = true
	must(confmap.NewFromStringMap(q.Config).Unmarshal(config))
	must(xconfmap.Validate(config))
	settings := exporter.Settings{ID: component.NewID(factory.Type()), TelemetrySettings: telemetry()}
	made, err := factory.CreateMetrics(context.Background(), settings, config)
	must(err)
	must(made.Start(context.Background(), componenttest.NewNopHost()))
	for _, request := range q.Requests {
		events := []event{}
		taken.Event = func(group, stream string, timeMs int64, message string) {
			events = append(events, event{group, stream, timeMs, json.RawMessage(message)})
		}
		metrics, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(request)
		must(err)
		must(made.ConsumeMetrics(context.Background(), metrics))
		a.Events = append(a.Events, events)
	}
	must(made.Shutdown(context.Background()))
	return a
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var q question
		must(json.Unmarshal(in.Bytes(), &q))
		must(out.Encode(export(q)))
	}
	must(in.Err())
}
