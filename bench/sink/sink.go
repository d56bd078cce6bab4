// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"nacelle/bench/wire"
)

const (
	// maxMessage is the largest message in bytes, before and after decompression. A batch of 8192 spans is 4 MB.
	maxMessage = 64 << 20
	// maxParked is how many bytes of compressed messages wait to be counted.
	maxParked = 1 << 30
)

// tally is what came of one signal.
type tally struct {
	Requests uint64 `json:"requests"`
	// WireBytes are the bytes of the messages as they came, compressed or not.
	WireBytes uint64 `json:"wire_bytes"`
	// MessageBytes are the bytes of the protobuf messages.
	MessageBytes uint64 `json:"message_bytes"`
	wire.Counts
}

type parkedMessage struct {
	signal  wire.Signal
	content []byte
}

// sink counts requests. Compressed messages are parked and counted when somebody asks: decompressing 4 MB takes
// longer than all else here, and would take the processor from the collector while it is measured.
type sink struct {
	mutex       sync.Mutex
	tallies     map[wire.Signal]*tally
	parked      []parkedMessage
	parkedBytes int
	bad         uint64
	lastError   string
	buffers     sync.Pool
}

func newSink() *sink {
	return &sink{tallies: map[wire.Signal]*tally{wire.Traces: {}, wire.Metrics: {}, wire.Logs: {}}}
}

func (s *sink) routes() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("POST /v1/{signal}", func(w http.ResponseWriter, r *http.Request) {
		s.takeHTTP(w, r, wire.Signal(r.PathValue("signal")))
	})
	for path, signal := range map[string]wire.Signal{
		"trace.v1.TraceService": wire.Traces, "metrics.v1.MetricsService": wire.Metrics, "logs.v1.LogsService": wire.Logs,
	} {
		routes.HandleFunc("POST /opentelemetry.proto.collector."+path+"/Export",
			func(w http.ResponseWriter, r *http.Request) { s.takeGRPC(w, r, signal) })
	}
	routes.HandleFunc("GET /counters", s.answerCounters)
	return routes
}

// takeHTTP takes OTLP/HTTP in protobuf, plain or gzip.
func (s *sink) takeHTTP(w http.ResponseWriter, r *http.Request, signal wire.Signal) {
	if s.tallies[signal] == nil {
		s.refuse(fmt.Errorf("unknown path %s", r.URL.Path))
		http.NotFound(w, r)
		return
	}
	if got := r.Header.Get("Content-Type"); got != "application/x-protobuf" {
		s.refuse(fmt.Errorf("content type %q", got))
		http.Error(w, "application/x-protobuf only", http.StatusUnsupportedMediaType)
		return
	}
	encoding := r.Header.Get("Content-Encoding")
	if encoding != "" && encoding != "identity" && encoding != "gzip" {
		s.refuse(fmt.Errorf("content encoding %q", encoding))
		http.Error(w, "gzip or none only", http.StatusUnsupportedMediaType)
		return
	}
	err := s.withBody(r, func(message []byte) error { return s.take(signal, message, encoding == "gzip") })
	if err != nil {
		s.refuse(err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// takeGRPC takes the one message of a unary call, plain or gzip.
func (s *sink) takeGRPC(w http.ResponseWriter, r *http.Request, signal wire.Signal) {
	err := s.withBody(r, func(body []byte) error {
		if len(body) < 5 || int64(binary.BigEndian.Uint32(body[1:5])) != int64(len(body)-5) {
			return errors.New("not one gRPC message")
		}
		if body[0] > 1 || (body[0] == 1 && r.Header.Get("grpc-encoding") != "gzip") {
			return fmt.Errorf("compressed flag %d with grpc-encoding %q", body[0], r.Header.Get("grpc-encoding"))
		}
		return s.take(signal, body[5:], body[0] == 1)
	})
	w.Header().Set("Content-Type", "application/grpc")
	if err != nil {
		s.refuse(err)
		w.Header().Set("grpc-status", "3")
		w.Header().Set("grpc-message", err.Error())
		return
	}
	_, _ = w.Write(make([]byte, 5))
	w.Header().Set(http.TrailerPrefix+"grpc-status", "0")
}

// withBody reads a body into a buffer that is used again afterwards.
func (s *sink) withBody(r *http.Request, use func([]byte) error) error {
	buffer, _ := s.buffers.Get().(*bytes.Buffer)
	if buffer == nil {
		buffer = &bytes.Buffer{}
	}
	defer s.buffers.Put(buffer)
	buffer.Reset()
	if r.ContentLength > 0 && r.ContentLength <= maxMessage {
		buffer.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	if _, err := buffer.ReadFrom(io.LimitReader(r.Body, maxMessage+1)); err != nil {
		return err
	}
	if buffer.Len() > maxMessage {
		return fmt.Errorf("a message of more than %d bytes", maxMessage)
	}
	return use(buffer.Bytes())
}

// take counts a message, or parks it when it is compressed. The message is the caller's again afterwards.
func (s *sink) take(signal wire.Signal, message []byte, compressed bool) error {
	if compressed && s.park(signal, message) {
		return nil
	}
	size := len(message)
	if compressed {
		var err error
		if message, err = gunzip(message); err != nil {
			return err
		}
	}
	return s.count(signal, message, size)
}

func (s *sink) park(signal wire.Signal, message []byte) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.parkedBytes+len(message) > maxParked {
		return false
	}
	s.parkedBytes += len(message)
	s.parked = append(s.parked, parkedMessage{signal, bytes.Clone(message)})
	return true
}

func (s *sink) count(signal wire.Signal, message []byte, wireBytes int) error {
	counts, err := wire.Count(signal, message)
	if err != nil {
		return err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	tally := s.tallies[signal]
	tally.Requests++
	tally.WireBytes += uint64(wireBytes)
	tally.MessageBytes += uint64(len(message))
	tally.Add(counts)
	return nil
}

// refuse notes a request that could not be counted.
func (s *sink) refuse(err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.bad++
	s.lastError = err.Error()
}

// answerCounters counts what is parked, then says what came.
func (s *sink) answerCounters(w http.ResponseWriter, _ *http.Request) {
	s.mutex.Lock()
	parked := s.parked
	s.parked, s.parkedBytes = nil, 0
	s.mutex.Unlock()
	for _, waiting := range parked {
		message, err := gunzip(waiting.content)
		if err == nil {
			err = s.count(waiting.signal, message, len(waiting.content))
		}
		if err != nil {
			s.refuse(err)
		}
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"signals": s.tallies, "bad_requests": s.bad, "last_error": s.lastError,
	})
}

func gunzip(compressed []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, err
	}
	message, err := io.ReadAll(io.LimitReader(reader, maxMessage+1))
	if err != nil {
		return nil, err
	}
	if len(message) > maxMessage {
		return nil, fmt.Errorf("a message of more than %d bytes", maxMessage)
	}
	return message, nil
}
