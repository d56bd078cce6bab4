// SPDX-License-Identifier: Apache-2.0

// An application with OpenTelemetry's JavaScript SDK: it sends one set of telemetry to the collector under test and
// the very same spans, points and records straight to a second endpoint, so that a test can compare the two.
'use strict';

const { parseArgs } = require('node:util');
const { context, diag, DiagLogLevel, SpanKind, SpanStatusCode, trace, TraceFlags } = require('@opentelemetry/api');
const { SeverityNumber } = require('@opentelemetry/api-logs');
const { resourceFromAttributes } = require('@opentelemetry/resources');
const { BatchSpanProcessor, NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
const { AggregationType, MeterProvider, PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
const { BatchLogRecordProcessor, LoggerProvider } = require('@opentelemetry/sdk-logs');

const SCOPE = 'nacelle.tests/js';
const SCHEMA_URL = 'https://example.test/schema';
const LOST = 1; // ExportResultCode.FAILED

const { values: options } = parseArgs({
  options: { protocol: { type: 'string' }, via: { type: 'string' }, direct: { type: 'string' } },
});

let failures = 0;
diag.setLogger(
  {
    error: (...message) => {
      failures += 1;
      console.error('the SDK reports:', ...message);
    },
    warn() {}, // says what the limits dropped, which is meant
    info() {},
    debug() {},
    verbose() {},
  },
  DiagLogLevel.WARN,
);

// Attributes of each type that the API takes everywhere. Numbers stay within what JavaScript holds exactly.
function everyKindOfValue(prefix) {
  return Object.fromEntries(
    Object.entries({
      string: 'žluťoučký kůň 🐎 \0 " \\ </script> \u2028 end',
      empty: '',
      true: true,
      false: false,
      'int.min': Number.MIN_SAFE_INTEGER,
      'int.zero': 0,
      'int.max': Number.MAX_SAFE_INTEGER,
      double: -1234.5e-200,
      'double.near.one': 1 + Number.EPSILON,
      strings: ['a', '', '日本語'],
      bools: [true, false],
      ints: [-1, 0, 1],
      doubles: [0.1, 5e-324],
    }).map(([name, value]) => [`${prefix}.${name}`, value]),
  );
}

// Values that only a log record may carry, beside the usual ones.
const everyKindOfBody = [
  'text ž',
  '',
  true,
  -1,
  0.5,
  new Uint8Array([0, 1, 127, 128, 255]),
  [1, 'two', null, [3.5, new Uint8Array([254])]],
  { n: 1, inner: { deep: 'ü', list: [null, {}] }, '': '' },
];

// The exporter to the collector is configured as applications do it, by OTEL_EXPORTER_OTLP_ENDPOINT.
process.env.OTEL_EXPORTER_OTLP_ENDPOINT = options.via;
const variant = { 'http/json': 'http', 'http/protobuf': 'proto' }[options.protocol];

function exporters(signal, name) {
  const kind = signal === 'traces' ? 'trace' : signal;
  const Exporter = require(`@opentelemetry/exporter-${kind}-otlp-${variant}`)[name];
  return [new Exporter(), new Exporter({ url: `${options.direct}/v1/${signal}` })];
}

// Hands one collection to both exporters: two readers would collect at two different times.
class MetricTee {
  constructor(pair) {
    this.pair = pair;
  }
  export(metrics, done) {
    const results = [];
    for (const exporter of this.pair) {
      exporter.export(metrics, (result) => {
        results.push(result);
        if (results.length === this.pair.length) done(results.find(({ code }) => code === LOST) ?? result);
      });
    }
  }
  selectAggregationTemporality(type) {
    return this.pair[0].selectAggregationTemporality(type);
  }
  selectAggregation(type) {
    return this.pair[0].selectAggregation(type);
  }
  async forceFlush() {
    await Promise.all(this.pair.map((exporter) => exporter.forceFlush()));
  }
  async shutdown() {
    await Promise.all(this.pair.map((exporter) => exporter.shutdown()));
  }
}

// Spans of every kind and status, with events, links, limits passed and a remote parent.
function recordTraces(provider) {
  const remote = {
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  };
  const tracer = provider.getTracer(SCOPE, '1.2.3', { schemaUrl: SCHEMA_URL });
  const parent = trace.setSpanContext(context.active(), remote);
  const root = tracer.startSpan('GET /žluť/{id}', { kind: SpanKind.SERVER, attributes: everyKindOfValue('span') }, parent);
  root.setAttributes({ 'beyond.1': 'kept', 'beyond.2': 'dropped' });
  const inside = trace.setSpan(parent, root);
  for (const kind of [SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER]) {
    const links = [
      { context: remote, attributes: everyKindOfValue('link') },
      { context: root.spanContext() },
      { context: remote },
    ];
    const child = tracer.startSpan(`child ${SpanKind[kind]}`, { kind, links }, inside);
    child.addEvent('dropped for the limit');
    child.addEvent('cache.miss', everyKindOfValue('event'), [1700000000, 123456789]);
    child.recordException(new Error('spojení odmítnuto'));
    child.setStatus({ code: SpanStatusCode.ERROR, message: 'backend unreachable: ∅' });
    child.end();
  }
  root.setStatus({ code: SpanStatusCode.OK });
  root.end();
  provider.getTracer('nacelle.tests/other').startSpan('', { startTime: [1, 0] }, context.active()).end([1, 1]);
  return inside;
}

// Every instrument, and a view with exponential histograms.
function recordMetrics(provider) {
  const meter = provider.getMeter(SCOPE, '1.2.3', { schemaUrl: SCHEMA_URL });
  const attributes = everyKindOfValue('point');
  meter.createObservableGauge('observed').addCallback((result) => result.observe(-273.15, attributes));
  meter.createCounter('requests', { unit: '{request}', description: 'počet' }).add(5, attributes);
  meter.createUpDownCounter('in.flight').add(-3, attributes);
  meter.createGauge('temperature', { unit: 'Cel' }).record(-40.25, attributes);
  const duration = meter.createHistogram('duration', { advice: { explicitBucketBoundaries: [0.1, 1, 10] } });
  const exponential = meter.createHistogram('duration.exponential', { unit: 's' });
  for (const value of [0, 0.05, 0.5, 5, 50, 5000, 1e-9]) {
    duration.record(value, attributes);
    exponential.record(value, attributes);
  }
}

// Every kind of body and severity; one event without anything else.
function recordLogs(provider, inside) {
  const logger = provider.getLogger(SCOPE, '1.2.3', { schemaUrl: SCHEMA_URL });
  everyKindOfBody.forEach((body, number) => {
    logger.emit({
      timestamp: [1700000000, number],
      observedTimestamp: [1700000001, 0],
      severityNumber: SeverityNumber.TRACE + number,
      severityText: 'ÚROVEŇ',
      body,
      attributes: { ...everyKindOfValue('log'), 'log.map': { nested: [1, { deep: null }] } },
      context: inside,
    });
  });
  logger.emit({ eventName: 'event.ž', context: context.active() });
}

async function main() {
  if (!variant) throw new Error(`unknown protocol ${options.protocol}`);
  const resource = resourceFromAttributes({ 'service.name': 'klient-in-js-ж', ...everyKindOfValue('resource') });
  const traces = new NodeTracerProvider({
    resource,
    spanLimits: { attributeCountLimit: 14, eventCountLimit: 2, linkCountLimit: 2 },
    spanProcessors: exporters('traces', 'OTLPTraceExporter').map((exporter) => new BatchSpanProcessor(exporter)),
  });
  const metrics = new MeterProvider({
    resource,
    readers: [
      new PeriodicExportingMetricReader({
        exporter: new MetricTee(exporters('metrics', 'OTLPMetricExporter')),
        exportIntervalMillis: 30_000,
      }),
    ],
    views: [
      {
        instrumentName: '*.exponential',
        aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 20 } },
      },
    ],
  });
  const logs = new LoggerProvider({
    resource,
    processors: exporters('logs', 'OTLPLogExporter').map((exporter) => new BatchLogRecordProcessor({ exporter })),
  });

  const inside = recordTraces(traces);
  recordMetrics(metrics);
  recordLogs(logs, inside);
  await Promise.all([metrics, logs, traces].map((provider) => provider.shutdown()));
  process.exitCode = failures ? 1 : 0;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
