// SPDX-License-Identifier: Apache-2.0

// What the Go collector's exporter awscloudwatchlogs makes of the cases on standard input: each is run through the real
// exporter, which calls CloudWatch Logs on loopback. Standard output has the log events that came, for each case.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/awscloudwatchlogsexporter"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
)

type testCase struct {
	Name    string          `json:"name"`
	Raw     bool            `json:"raw,omitempty"`
	Request json.RawMessage `json:"request"`
}

// A long message is abbreviated. At is milliseconds from the start of the case, or "now" where the exporter has asked its own clock.
type event struct {
	Group   string `json:"group"`
	Stream  string `json:"stream"`
	At      any    `json:"at"`
	Message string `json:"message"`
}

type answer struct {
	Events []event `json:"events"`
	Error  bool    `json:"error,omitempty"`
}

type request struct {
	LogGroupName  string `json:"logGroupName"`
	LogStreamName string `json:"logStreamName"`
	LogEvents     []struct {
		Timestamp int64  `json:"timestamp"`
		Message   string `json:"message"`
	} `json:"logEvents"`
}

type double struct {
	mutex  sync.Mutex
	nowMs  int64
	events []event
}

func (d *double) ServeHTTP(writer http.ResponseWriter, r *http.Request) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		log.Fatal(err)
	}
	writer.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if r.Header.Get("X-Amz-Target") != "Logs_20140328.PutLogEvents" {
		return
	}
	var put request
	if err := json.Unmarshal(body, &put); err != nil {
		log.Fatal(err)
	}
	for _, e := range put.LogEvents {
		var at any = e.Timestamp - d.nowMs
		if e.Timestamp >= d.nowMs && e.Timestamp < d.nowMs+60_000 {
			at = "now"
		}
		message := e.Message
		if len(message) > 4096 {
			message = fmt.Sprintf("%s (%d bytes) %s", message[:32], len(message), message[len(message)-32:])
		}
		d.events = append(d.events, event{put.LogGroupName, put.LogStreamName, at, message})
	}
	// Without the token this version of the exporter sends all again.
	fmt.Fprint(writer, `{"nextSequenceToken":"1"}`)
}

var times = regexp.MustCompile(`"@(-?[0-9]+)"`)

// "@-5000" in a request is the time 5 s before the case.
func withTimes(text []byte, nowMs int64) []byte {
	return times.ReplaceAllFunc(text, func(found []byte) []byte {
		offset, err := strconv.ParseInt(string(found[2:len(found)-1]), 10, 64)
		if err != nil {
			log.Fatal(err)
		}
		return fmt.Appendf(nil, `"%d"`, (nowMs+offset)*1_000_000)
	})
}

func run(c testCase) answer {
	d := &double{nowMs: time.Now().UnixMilli(), events: []event{}}
	server := httptest.NewServer(d)
	defer server.Close()

	logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(withTimes(c.Request, d.nowMs))
	if err != nil {
		log.Fatalf("%s: %v", c.Name, err)
	}
	factory := awscloudwatchlogsexporter.NewFactory()
	config := factory.CreateDefaultConfig().(*awscloudwatchlogsexporter.Config)
	config.LogGroupName, config.LogStreamName = "group", "stream"
	config.Region, config.AWSSessionSettings.Endpoint = "eu-central-1", server.URL
	config.RawLog = c.Raw
	config.QueueSettings.Enabled = false
	config.BackOffConfig.Enabled = false
	exporter, err := factory.CreateLogsExporter(context.Background(), exportertest.NewNopCreateSettings(), config)
	if err != nil {
		log.Fatal(err)
	}
	if err := exporter.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		log.Fatal(err)
	}
	failure := exporter.ConsumeLogs(context.Background(), logs)
	if err := exporter.Shutdown(context.Background()); err != nil {
		log.Fatal(err)
	}
	return answer{d.events, failure != nil}
}

func main() {
	os.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	os.Setenv("AWS_SECRET_ACCESS_KEY", "a secret key")
	os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	var cases []testCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		log.Fatal(err)
	}
	answers := map[string]answer{}
	for _, c := range cases {
		answers[c.Name] = run(c)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(answers); err != nil {
		log.Fatal(err)
	}
	os.Stdout.Write(out.Bytes())
}
