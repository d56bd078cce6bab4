// SPDX-License-Identifier: Apache-2.0
// Asks the Go components (contrib v0.158.0) what they make of requests, and Go's regexp what patterns find. Lines of JSON
// in, lines of JSON out; see record.py.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"regexp"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/attributesprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/resourceprocessor"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
)

type question struct {
	Component string              `json:"component"` // "attributes", "resource"; "" = a pattern
	Signal    string              `json:"signal"`
	Config    string              `json:"config"` // YAML
	Request   string              `json:"request"`
	Metadata  map[string][]string `json:"metadata"`
	Pattern   string              `json:"pattern"`
	Text      string              `json:"text"`
}

type answer struct {
	Request json.RawMessage `json:"request,omitempty"`
	Mistake string          `json:"mistake,omitempty"`
	Groups  []string        `json:"groups,omitempty"`
}

type attributes map[string]any

func (a attributes) GetAttribute(name string) any { return a[name] }
func (a attributes) GetAttributeNames() []string  { return nil }

// "auth.x" is what an authenticator said of the client, the rest are headers.
func contextOf(q question) context.Context {
	headers, auth := map[string][]string{}, attributes{}
	for name, values := range q.Metadata {
		if len(name) > 5 && name[:5] == "auth." {
			auth[name[5:]] = values
		} else {
			headers[name] = values
		}
	}
	addr := &net.TCPAddr{IP: net.ParseIP("127.0.0.1"), Port: 40000}
	return client.NewContext(context.Background(),
		client.Info{Addr: addr, Metadata: client.NewMetadata(headers), Auth: auth})
}

func configOf(factory processor.Factory, text string) (component.Config, error) {
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(text))
	if err != nil {
		return nil, err
	}
	conf, err := retrieved.AsConf()
	if err != nil {
		return nil, err
	}
	config := factory.CreateDefaultConfig()
	if err := conf.Unmarshal(config); err != nil {
		return nil, err
	}
	return config, confmap.Validate(config)
}

func traces(factory processor.Factory, config component.Config, q question) ([]byte, error) {
	sink := new(consumertest.TracesSink)
	p, err := factory.CreateTraces(context.Background(), processortest.NewNopSettings(factory.Type()), config, sink)
	if err != nil {
		return nil, err
	}
	if err := p.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		return nil, err
	}
	data, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces([]byte(q.Request))
	if err == nil {
		err = p.ConsumeTraces(contextOf(q), data)
	}
	if err != nil {
		panic(err)
	}
	return (&ptrace.JSONMarshaler{}).MarshalTraces(sink.AllTraces()[0])
}

func logs(factory processor.Factory, config component.Config, q question) ([]byte, error) {
	sink := new(consumertest.LogsSink)
	p, err := factory.CreateLogs(context.Background(), processortest.NewNopSettings(factory.Type()), config, sink)
	if err != nil {
		return nil, err
	}
	if err := p.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		return nil, err
	}
	data, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs([]byte(q.Request))
	if err == nil {
		err = p.ConsumeLogs(contextOf(q), data)
	}
	if err != nil {
		panic(err)
	}
	return (&plog.JSONMarshaler{}).MarshalLogs(sink.AllLogs()[0])
}

func metrics(factory processor.Factory, config component.Config, q question) ([]byte, error) {
	sink := new(consumertest.MetricsSink)
	p, err := factory.CreateMetrics(context.Background(), processortest.NewNopSettings(factory.Type()), config, sink)
	if err != nil {
		return nil, err
	}
	if err := p.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		return nil, err
	}
	data, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics([]byte(q.Request))
	if err == nil {
		err = p.ConsumeMetrics(contextOf(q), data)
	}
	if err != nil {
		panic(err)
	}
	return (&pmetric.JSONMarshaler{}).MarshalMetrics(sink.AllMetrics()[0])
}

func process(q question) answer {
	factory := attributesprocessor.NewFactory()
	if q.Component == "resource" {
		factory = resourceprocessor.NewFactory()
	}
	config, err := configOf(factory, q.Config)
	var out []byte
	if err == nil {
		run := map[string]func(processor.Factory, component.Config, question) ([]byte, error){
			"traces": traces, "logs": logs, "metrics": metrics}[q.Signal]
		out, err = run(factory, config, q)
	}
	if err != nil {
		return answer{Mistake: err.Error()}
	}
	return answer{Request: out}
}

func find(q question) answer {
	expression, err := regexp.Compile(q.Pattern)
	if err != nil {
		return answer{Mistake: err.Error()}
	}
	return answer{Groups: expression.FindStringSubmatch(q.Text)}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			panic(err)
		}
		var a answer
		if q.Component == "" {
			a = find(q)
		} else {
			a = process(q)
		}
		text, err := json.Marshal(a)
		if err != nil {
			panic(err)
		}
		fmt.Println(string(text))
	}
}
