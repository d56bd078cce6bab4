// SPDX-License-Identifier: Apache-2.0

// Package cwlogs stands in for the one of the collector: what the exporter hands over to be sent is kept.
package cwlogs

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"
	"nacelle/tests/oracle/awsemf_go/taken"
)

// StreamKey says where an event goes.
type StreamKey struct {
	LogGroupName  string
	LogStreamName string
}

// Event is one log event.
type Event struct {
	InputLogEvent InputLogEvent
	GeneratedTime time.Time
	StreamKey
}

// InputLogEvent is what PutLogEvents takes.
type InputLogEvent struct {
	Message   *string
	Timestamp *int64
}

// NewEvent makes an event; the exporter fills in the rest.
func NewEvent(timestampMs int64, message string) *Event {
	return &Event{InputLogEvent: InputLogEvent{Message: &message, Timestamp: &timestampMs}}
}

// Pusher takes the events of one stream.
type Pusher interface {
	AddLogEntry(ctx context.Context, event *Event) error
	ForceFlush(ctx context.Context) error
}

type pusher struct{}

func (pusher) AddLogEntry(_ context.Context, event *Event) error {
	taken.Event(event.LogGroupName, event.LogStreamName, *event.InputLogEvent.Timestamp, *event.InputLogEvent.Message)
	return nil
}

func (pusher) ForceFlush(context.Context) error { return nil }

// NewPusher makes the pusher of a stream.
func NewPusher(StreamKey, int, Client, *zap.Logger) Pusher { return pusher{} }

// Client would send.
type Client struct{}

// ClientOption would change a client.
type ClientOption func(*Client)

// WithUserAgentExtras would name more in User-Agent.
func WithUserAgentExtras(...string) ClientOption { return func(*Client) {} }

// NewClient makes a client that sends nothing.
func NewClient(*zap.Logger, aws.Config, component.BuildInfo, string, int32, map[string]string, string, ...ClientOption) *Client {
	return &Client{}
}

// ValidateRetentionValue takes every value: the sequences use none that is refused.
func ValidateRetentionValue(int32) error { return nil }

// ValidateTagsInput takes all tags, likewise.
func ValidateTagsInput(map[string]string) error { return nil }
