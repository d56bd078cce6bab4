// SPDX-License-Identifier: Apache-2.0

package wire

import "testing"

// field encodes a length-delimited field of fewer than 128 bytes.
func field(number byte, content []byte) []byte {
	return append([]byte{number<<3 | wireBytes, byte(len(content))}, content...)
}

func join(parts ...[]byte) (out []byte) {
	for _, part := range parts {
		out = append(out, part...)
	}
	return out
}

func TestCountsRecordsOfEveryScope(t *testing.T) {
	first, second := []byte{0x38, 0x01}, []byte{0x38, 0x01, 0x40, 0x02}
	scope := join(field(1, []byte{0x0a, 0x01, 'n'}), field(2, first), field(2, second))
	request := join(field(1, join(field(1, nil), field(2, scope), field(2, scope))), field(1, field(2, field(2, first))))
	counts, err := Count(Traces, request)
	if err != nil {
		t.Fatal(err)
	}
	if counts.Items != 5 || counts.Records != 5 || counts.RecordBytes != 3*2+2*4 {
		t.Errorf("counted %+v", counts)
	}
	var swapped Counts
	whole := field(1, field(2, scope))
	for _, part := range [][]byte{whole, field(1, field(2, field(2, first))), whole} {
		one, err := Count(Traces, part)
		if err != nil {
			t.Fatal(err)
		}
		swapped.Add(one)
	}
	if swapped != counts {
		t.Errorf("the same records in other requests: %+v, not %+v", swapped, counts)
	}
}

func TestCountsDataPointsOfEveryKind(t *testing.T) {
	points := join(field(1, []byte{1, 2, 3}), field(1, nil), []byte{0x10, 0x02})
	var metrics []byte
	for _, kind := range []byte{5, 7, 9, 10, 11} {
		metrics = join(metrics, field(2, join(field(1, []byte("name")), field(kind, points))))
	}
	counts, err := Count(Metrics, field(1, field(2, metrics)))
	if err != nil {
		t.Fatal(err)
	}
	if counts.Items != 10 || counts.Records != 5 {
		t.Errorf("counted %+v", counts)
	}
}

func TestRefusesATruncatedRequest(t *testing.T) {
	request := field(1, field(2, field(2, []byte{0x38, 0x01})))
	for size := 1; size < len(request); size++ {
		if _, err := Count(Traces, request[:size]); err == nil {
			t.Errorf("%d of %d bytes were counted", size, len(request))
		}
	}
}

func TestReadsRejectedItems(t *testing.T) {
	for _, c := range []struct {
		response []byte
		rejected uint64
	}{
		{nil, 0},
		{field(1, nil), 0},
		{field(1, []byte{0x08, 0xac, 0x02}), 300},
		{field(1, join([]byte{0x08, 0x07}, field(2, []byte("too old")))), 7},
	} {
		rejected, err := Rejected(c.response)
		if err != nil || rejected != c.rejected {
			t.Errorf("% x: %d, %v, not %d", c.response, rejected, err, c.rejected)
		}
	}
}
