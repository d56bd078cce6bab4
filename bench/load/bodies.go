// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"nacelle/bench/wire"
)

// body says what one file holds and how it is to be sent.
type body struct {
	File   string      `json:"file"`
	Signal wire.Signal `json:"signal"`
	Form   string      `json:"form"`
	Bytes  int         `json:"bytes"`
	// Message is the size in bytes of the protobuf message that the file carries.
	Message int `json:"message_bytes"`
	wire.Counts
}

// The forms of a request: the body of a gRPC call, plain and with a gzip message, and the bodies of OTLP/HTTP.
const (
	formGRPC     = "grpc"
	formGRPCGzip = "grpc-gzip"
	formProto    = "proto"
	formProtoGz  = "proto-gzip"
	formJSON     = "json"
)

var makers = map[wire.Signal]func(int, int64) (pair, error){
	wire.Traces: makeTraces, wire.Metrics: makeMetrics, wire.Logs: makeLogs,
}

// writeBodies writes every form of every signal at every size; the same options write the same bytes.
func writeBodies(arguments []string) (any, error) {
	flags := flag.NewFlagSet("bodies", flag.ExitOnError)
	dir := flags.String("dir", ".", "folder to write into")
	sizes := flags.String("items", "256,1", "items (spans, log records, data points) a request")
	now := flags.Bool("now", false, "telemetry of now, for services that refuse what is old; metrics are those of a service")
	signals := flags.String("signals", "traces,metrics,logs", "signals to write")
	_ = flags.Parse(arguments)
	var begin int64
	if *now {
		begin = time.Now().UnixNano()
	}
	var written []body
	for _, name := range strings.Split(*signals, ",") {
		maker := makers[wire.Signal(name)]
		if *now && wire.Signal(name) == wire.Metrics {
			maker = makeServiceMetrics
		}
		if maker == nil {
			return nil, fmt.Errorf("no signal %q: traces, metrics or logs", name)
		}
		for _, size := range strings.Split(*sizes, ",") {
			items, err := strconv.Atoi(size)
			if err != nil || items < 1 || items > 100_000 {
				return nil, fmt.Errorf("-items %q: a number from 1 to 100000 is needed", size)
			}
			request, err := maker(items, begin)
			if err != nil {
				return nil, fmt.Errorf("%s with %d items: %w", name, items, err)
			}
			bodies, err := writeForms(*dir, wire.Signal(name), items, request)
			if err != nil {
				return nil, err
			}
			written = append(written, bodies...)
		}
	}
	return map[string]any{"bodies": written}, nil
}

func writeForms(dir string, signal wire.Signal, items int, request pair) ([]body, error) {
	counts, err := wire.Count(signal, request.protobuf)
	if err != nil {
		return nil, err
	}
	compressed, err := gzipped(request.protobuf)
	if err != nil {
		return nil, err
	}
	forms := []struct {
		name    string
		content []byte
	}{
		{formGRPC, framed(0, request.protobuf)},
		{formGRPCGzip, framed(1, compressed)},
		{formProto, request.protobuf},
		{formProtoGz, compressed},
		{formJSON, request.json},
	}
	var written []body
	for _, form := range forms {
		file := fmt.Sprintf("%s-%d.%s", signal, items, form.name)
		if err := os.WriteFile(filepath.Join(dir, file), form.content, 0o644); err != nil {
			return nil, err
		}
		written = append(written, body{
			File: file, Signal: signal, Form: form.name, Bytes: len(form.content),
			Message: len(request.protobuf), Counts: counts,
		})
	}
	return written, nil
}

// framed puts gRPC's prefix before a message: a byte that says whether it is compressed, and its size.
func framed(compressed byte, message []byte) []byte {
	out := binary.BigEndian.AppendUint32([]byte{compressed}, uint32(len(message)))
	return append(out, message...)
}

// gzipped compresses at the default level, as SDKs do.
func gzipped(message []byte) ([]byte, error) {
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	if _, err := writer.Write(message); err != nil {
		return nil, err
	}
	err := writer.Close()
	return out.Bytes(), err
}
