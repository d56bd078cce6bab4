// SPDX-License-Identifier: Apache-2.0
// Asks the Go receiver (contrib v0.158.0) what it makes of datagrams. Lines of JSON in, lines of JSON out; see record.py.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/statsdreceiver"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

const interval = 400 * time.Millisecond

type datagram struct {
	Sender int    `json:"sender"`
	Text   string `json:"text"`
}

type question struct {
	Config    string     `json:"config"` // YAML
	Datagrams []datagram `json:"datagrams"`
}

func mistake(err error) any { return map[string]string{"mistake": err.Error()} }

func receive(q question) any {
	factory := statsdreceiver.NewFactory()
	config := factory.CreateDefaultConfig().(*statsdreceiver.Config)
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(q.Config))
	if err != nil {
		return mistake(err)
	}
	conf, err := retrieved.AsConf()
	if err == nil {
		err = conf.Unmarshal(config)
	}
	if err == nil {
		err = confmap.Validate(config)
	}
	if err != nil {
		return mistake(err)
	}
	free, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	config.NetAddr.Endpoint = free.LocalAddr().String()
	free.Close()
	config.AggregationInterval = interval
	sink := new(consumertest.MetricsSink)
	r, err := factory.CreateMetrics(context.Background(), receivertest.NewNopSettings(factory.Type()), config, sink)
	if err == nil {
		err = r.Start(context.Background(), componenttest.NewNopHost())
	}
	if err != nil {
		return mistake(err)
	}
	senders := map[int]net.Conn{}
	for _, d := range q.Datagrams {
		if senders[d.Sender] == nil {
			if senders[d.Sender], err = net.Dial("udp", config.NetAddr.Endpoint); err != nil {
				panic(err)
			}
		}
		if _, err := senders[d.Sender].Write([]byte(d.Text)); err != nil {
			panic(err)
		}
	}
	time.Sleep(interval + interval/2)
	if err := r.Shutdown(context.Background()); err != nil {
		panic(err)
	}
	out := []json.RawMessage{}
	for _, metrics := range sink.AllMetrics() {
		text, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(metrics)
		if err != nil {
			panic(err)
		}
		out = append(out, text)
	}
	return out
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			panic(err)
		}
		text, err := json.Marshal(receive(q))
		if err != nil {
			panic(err)
		}
		fmt.Println(string(text))
	}
}
