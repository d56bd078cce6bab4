// SPDX-License-Identifier: Apache-2.0

// Package wire counts what an OTLP request holds by walking the outer levels of its protobuf encoding. Records are
// not decoded: what is inside a span is only summed up, so that the count costs far less than any collector.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Counts says what a number of requests held.
type Counts struct {
	// Items are spans, log records or metric data points.
	Items uint64 `json:"items"`
	// Records are spans, log records or metrics.
	Records uint64 `json:"records"`
	// RecordBytes is the size of all records in bytes, without their tags and length prefixes.
	RecordBytes uint64 `json:"record_bytes"`
	// RecordSum is the sum of the CRC-32C of each record, modulo 2^64: equal when the same records came in another
	// order or in other requests.
	RecordSum uint64 `json:"record_sum"`
}

// Add adds the counts of another request.
func (c *Counts) Add(other Counts) {
	c.Items += other.Items
	c.Records += other.Records
	c.RecordBytes += other.RecordBytes
	c.RecordSum += other.RecordSum
}

// Signal is the kind of telemetry of a request.
type Signal string

// The signals of OTLP that the benchmark knows.
const (
	Traces  Signal = "traces"
	Metrics Signal = "metrics"
	Logs    Signal = "logs"
)

const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

var (
	castagnoli   = crc32.MakeTable(crc32.Castagnoli)
	errTruncated = errors.New("truncated protobuf")
)

// eachField calls visit with the number and the content of every length-delimited field of a message.
func eachField(message []byte, visit func(number uint64, content []byte) error) error {
	for len(message) > 0 {
		tag, n := binary.Uvarint(message)
		if n <= 0 {
			return errTruncated
		}
		message = message[n:]
		skip := 0
		switch tag & 7 {
		case wireVarint:
			if _, skip = binary.Uvarint(message); skip <= 0 {
				return errTruncated
			}
		case wireFixed64:
			skip = 8
		case wireFixed32:
			skip = 4
		case wireBytes:
			size, n := binary.Uvarint(message)
			if n <= 0 || size > uint64(len(message)-n) {
				return errTruncated
			}
			skip = n + int(size)
			if err := visit(tag>>3, message[n:skip]); err != nil {
				return err
			}
		default:
			return fmt.Errorf("wire type %d", tag&7)
		}
		if skip > len(message) {
			return errTruncated
		}
		message = message[skip:]
	}
	return nil
}

// Count walks an ExportTraceServiceRequest, ExportMetricsServiceRequest or ExportLogsServiceRequest.
// Resource is field 1 of the request, scope field 2 of the resource, record field 2 of the scope in all three.
func Count(signal Signal, request []byte) (Counts, error) {
	var counts Counts
	onRecord := func(number uint64, record []byte) error {
		if number != 2 {
			return nil
		}
		counts.Records++
		counts.RecordBytes += uint64(len(record))
		counts.RecordSum += uint64(crc32.Checksum(record, castagnoli))
		if signal != Metrics {
			counts.Items++
			return nil
		}
		points, err := dataPoints(record)
		counts.Items += points
		return err
	}
	err := eachField(request, func(number uint64, resource []byte) error {
		if number != 1 {
			return nil
		}
		return eachField(resource, func(number uint64, scope []byte) error {
			if number != 2 {
				return nil
			}
			return eachField(scope, onRecord)
		})
	})
	return counts, err
}

// dataPoints counts the points of a metric: field 1 of gauge 5, sum 7, histogram 9, exponential histogram 10 and
// summary 11.
func dataPoints(metric []byte) (uint64, error) {
	var points uint64
	err := eachField(metric, func(number uint64, data []byte) error {
		switch number {
		case 5, 7, 9, 10, 11:
			return eachField(data, func(number uint64, _ []byte) error {
				if number == 1 {
					points++
				}
				return nil
			})
		}
		return nil
	})
	return points, err
}

// Rejected reads the number of rejected items from an Export…ServiceResponse: field 1 (partial success), in it field
// 1 (rejected items, a varint).
func Rejected(response []byte) (uint64, error) {
	var rejected uint64
	err := eachField(response, func(number uint64, partial []byte) error {
		if number == 1 && len(partial) > 1 && partial[0] == 1<<3|wireVarint {
			rejected, _ = binary.Uvarint(partial[1:])
		}
		return nil
	})
	return rejected, err
}
