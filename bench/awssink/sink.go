// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

const (
	// maxRequest is the largest request in bytes: PutLogEvents may have 1 MiB of messages, escaped.
	maxRequest = 16 << 20
	// maxParked is how many bytes of requests wait to be counted.
	maxParked = 2 << 30
)

// tally is what came of one signal.
type tally struct {
	Requests  uint64 `json:"requests"`
	WireBytes uint64 `json:"wire_bytes"`
	// Items are segment documents, log events that are no EMF, or metrics of EMF documents.
	Items uint64 `json:"items"`
	// Documents are log events that are EMF.
	Documents uint64 `json:"documents"`
}

type parked struct {
	action   string
	encoding string
	content  []byte
}

// sink counts requests. They are parked and read when somebody asks: to read the JSON takes longer than all else
// here, and would take the processor from the collector while it is measured.
type sink struct {
	mutex       sync.Mutex
	tallies     map[string]*tally
	waiting     []parked
	parkedBytes int
	bad         uint64
	lastError   string
}

func newSink() *sink {
	return &sink{tallies: map[string]*tally{"traces": {}, "metrics": {}, "logs": {}}}
}

func (s *sink) plainRoutes() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /counters", s.answerCounters)
	routes.HandleFunc("GET /v4/container", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, container) })
	routes.HandleFunc("GET /v4/container/task", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, task) })
	return routes
}

func (s *sink) serviceRoutes() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("POST /TraceSegments", func(w http.ResponseWriter, r *http.Request) {
		s.take(w, r, "PutTraceSegments", `{"UnprocessedTraceSegments":[]}`)
	})
	routes.HandleFunc("POST /TelemetryRecords", func(w http.ResponseWriter, r *http.Request) {
		s.take(w, r, "PutTelemetryRecords", "{}")
	})
	routes.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		answer := "{}"
		if action == "PutLogEvents" {
			// ADOT sends the events again where the answer has none, though nobody needs it any more.
			answer = `{"nextSequenceToken":"1"}`
		}
		s.take(w, r, action, answer)
	})
	return routes
}

// take parks a request, and answers it.
func (s *sink) take(w http.ResponseWriter, r *http.Request, action, answer string) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	if err == nil && len(body) > maxRequest {
		err = fmt.Errorf("a request of more than %d bytes", maxRequest)
	}
	if err == nil && !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=") {
		err = errors.New("a request without a signature")
	}
	if err == nil {
		err = s.park(parked{action, r.Header.Get("Content-Encoding"), body})
	}
	if err != nil {
		s.refuse(err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = io.WriteString(w, answer)
}

func (s *sink) park(request parked) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.parkedBytes+len(request.content) > maxParked {
		return fmt.Errorf("more than %d bytes wait to be counted", maxParked)
	}
	s.parkedBytes += len(request.content)
	s.waiting = append(s.waiting, request)
	return nil
}

func (s *sink) refuse(err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.bad++
	s.lastError = err.Error()
}

// count reads one request.
func (s *sink) count(request parked) error {
	content := request.content
	if request.encoding == "gzip" {
		reader, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			return err
		}
		if content, err = io.ReadAll(io.LimitReader(reader, maxRequest)); err != nil {
			return err
		}
	}
	switch request.action {
	case "PutTraceSegments":
		return s.countSegments(content, len(request.content))
	case "PutLogEvents":
		return s.countEvents(content, len(request.content))
	case "PutTelemetryRecords", "CreateLogGroup", "CreateLogStream", "PutRetentionPolicy", "DescribeLogStreams":
		return nil
	}
	return fmt.Errorf("an unexpected action %q", request.action)
}

func (s *sink) countSegments(content []byte, wireBytes int) error {
	var request struct{ TraceSegmentDocuments []string }
	if err := json.Unmarshal(content, &request); err != nil {
		return err
	}
	for _, document := range request.TraceSegmentDocuments {
		if !json.Valid([]byte(document)) {
			return fmt.Errorf("a segment document that is no JSON: %.200s", document)
		}
	}
	tally := s.tallies["traces"]
	tally.Requests++
	tally.WireBytes += uint64(wireBytes)
	tally.Items += uint64(len(request.TraceSegmentDocuments))
	return nil
}

// embedded is what counts of an EMF document.
type embedded struct {
	AWS *struct {
		CloudWatchMetrics []struct{ Metrics []struct{ Name string } }
	} `json:"_aws"`
}

func (s *sink) countEvents(content []byte, wireBytes int) error {
	var request struct {
		LogEvents []struct{ Message string } `json:"logEvents"`
	}
	if err := json.Unmarshal(content, &request); err != nil {
		return err
	}
	isMetrics := false
	for _, event := range request.LogEvents {
		var document embedded
		if err := json.Unmarshal([]byte(event.Message), &document); err != nil {
			return err
		}
		if document.AWS == nil {
			s.tallies["logs"].Items++
			continue
		}
		isMetrics = true
		s.tallies["metrics"].Documents++
		for _, directive := range document.AWS.CloudWatchMetrics {
			s.tallies["metrics"].Items += uint64(len(directive.Metrics))
		}
	}
	tally := s.tallies["logs"]
	if isMetrics {
		tally = s.tallies["metrics"]
	}
	tally.Requests++
	tally.WireBytes += uint64(wireBytes)
	return nil
}

// answerCounters counts what is parked, then says what came.
func (s *sink) answerCounters(w http.ResponseWriter, _ *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, request := range s.waiting {
		if err := s.count(request); err != nil {
			s.bad++
			s.lastError = request.action + ": " + err.Error()
		}
	}
	s.waiting, s.parkedBytes = nil, 0
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"signals": s.tallies, "bad_requests": s.bad, "last_error": s.lastError,
	})
}
