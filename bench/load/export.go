// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"

	"nacelle/bench/wire"
)

// maxAnswer is the largest answer in bytes that is read.
const maxAnswer = 1 << 20

// answer is what a collector said to one Export call.
type answer struct {
	OK       bool   `json:"ok"`
	Status   int    `json:"http_status"`
	GRPC     string `json:"grpc_status,omitempty"`
	Message  string `json:"message,omitempty"`
	Bytes    int    `json:"answer_bytes"`
	Rejected uint64 `json:"rejected"`
}

var grpcPaths = map[wire.Signal]string{
	wire.Traces:  "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
	wire.Metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
	wire.Logs:    "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}

// transport speaks HTTP/2 without TLS for gRPC, else HTTP/1.1. dial may be nil.
func transport(form string, dial func(context.Context, string, string) (net.Conn, error)) *http.Transport {
	var protocols http.Protocols
	if form == formGRPC || form == formGRPCGzip {
		protocols.SetUnencryptedHTTP2(true)
	} else {
		protocols.SetHTTP1(true)
	}
	return &http.Transport{Protocols: &protocols, DialContext: dial, DisableCompression: true}
}

// export sends one prepared body to host:port and reads the whole answer.
func export(ctx context.Context, via http.RoundTripper, address string, signal wire.Signal, form string,
	content []byte) (answer, error) {
	path := "/v1/" + string(signal)
	header := http.Header{}
	switch form {
	case formGRPC, formGRPCGzip:
		path = grpcPaths[signal]
		header.Set("Content-Type", "application/grpc")
		header.Set("TE", "trailers")
		if form == formGRPCGzip {
			header.Set("grpc-encoding", "gzip")
		}
	case formProto, formProtoGz:
		header.Set("Content-Type", "application/x-protobuf")
		if form == formProtoGz {
			header.Set("Content-Encoding", "gzip")
		}
	case formJSON:
		header.Set("Content-Type", "application/json")
	default:
		return answer{}, fmt.Errorf("no form %q", form)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+path, bytes.NewReader(content))
	if err != nil {
		return answer{}, err
	}
	request.Header = header
	response, err := via.RoundTrip(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return answer{}, err
	}
	return judge(form, response, said)
}

// judge reads the status, and the number of rejected items, from an answer.
func judge(form string, response *http.Response, said []byte) (answer, error) {
	out := answer{Status: response.StatusCode, Bytes: len(said)}
	var err error
	switch form {
	case formGRPC, formGRPCGzip:
		// A call that fails at once has its status in the headers, any other in the trailers.
		status, message := response.Trailer.Get("grpc-status"), response.Trailer.Get("grpc-message")
		if status == "" {
			status, message = response.Header.Get("grpc-status"), response.Header.Get("grpc-message")
		}
		out.GRPC, out.Message = status, message
		if status != "0" {
			return out, nil
		}
		var content []byte
		if content, err = unframed(said, response.Header.Get("grpc-encoding")); err != nil {
			return out, fmt.Errorf("status 0, but the answer is bad: %w", err)
		}
		out.Rejected, err = wire.Rejected(content)
	case formJSON:
		if out.Status == http.StatusOK {
			out.Rejected, err = rejectedJSON(said)
		}
	default:
		if out.Status == http.StatusOK {
			out.Rejected, err = wire.Rejected(said)
		}
	}
	if out.Status != http.StatusOK {
		out.Message = string(said[:min(len(said), 200)])
	}
	out.OK = err == nil && out.Status == http.StatusOK && out.Rejected == 0
	return out, err
}

// unframed takes the one message out of a gRPC body. A server may compress its answer as the request was.
func unframed(said []byte, encoding string) ([]byte, error) {
	if len(said) < 5 || int64(binary.BigEndian.Uint32(said[1:5])) != int64(len(said)-5) {
		return nil, errors.New("not one message")
	}
	switch {
	case said[0] == 0:
		return said[5:], nil
	case said[0] == 1 && encoding == "gzip":
		reader, err := gzip.NewReader(bytes.NewReader(said[5:]))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(io.LimitReader(reader, maxAnswer))
	}
	return nil, fmt.Errorf("compressed flag %d with grpc-encoding %q", said[0], encoding)
}

// rejectedJSON reads rejectedSpans, rejectedDataPoints or rejectedLogRecords, a number or a string.
func rejectedJSON(said []byte) (uint64, error) {
	var response struct {
		PartialSuccess map[string]any `json:"partialSuccess"`
	}
	if err := json.Unmarshal(said, &response); err != nil {
		return 0, fmt.Errorf("the answer is not JSON: %w", err)
	}
	for _, name := range []string{"rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"} {
		switch value := response.PartialSuccess[name].(type) {
		case float64:
			return uint64(value), nil
		case string:
			return strconv.ParseUint(value, 10, 64)
		}
	}
	return 0, nil
}
