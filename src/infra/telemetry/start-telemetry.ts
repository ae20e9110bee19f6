// OpenTelemetry for one process: spans go out in batches over OTLP/HTTP, in the background. A collector that is away or
// slow costs spans and nothing else: what waits for it is bounded and then dropped, and no caller awaits it. Loaded
// only where a collector is configured.

import { hostname } from 'node:os';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { type WakeUps, within } from '@reclaim/saga';
import { createOtelTracer, createSpans, traceWakeUps } from '@reclaim/saga/tracing';
import { createRequestSpans } from './request-spans.ts';

export interface TelemetryOptions {
  /** The collector's base address: OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  readonly serviceName: string;
  readonly version: string;
  /** Spans are being lost; nothing else is. */
  readonly onLost: (error: unknown) => void;
  readonly onBack: () => void;
}

/**
 * A saga is over in a tenth of a second and searched for a moment later: the default of five seconds is a long wait.
 */
const SEND_EVERY_MS = 1_000;
/** Some two hundred sagas: megabytes, even while the collector is down. */
const MAX_WAITING_SPANS = 2_048;
/** Of the ten seconds that a process has for its end. */
const LAST_FLUSH_MS = 2_000;

export type Telemetry = ReturnType<typeof startTelemetry>;

export function startTelemetry(options: TelemetryOptions) {
  const { endpoint, serviceName, version } = options;
  const exporter = createReportingExporter(
    new OTLPTraceExporter({ url: tracesUrl(endpoint) }),
    options,
  );
  const processor = new BatchSpanProcessor({
    exporter,
    scheduledDelayMillis: SEND_EVERY_MS,
    maxQueueSize: MAX_WAITING_SPANS,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': serviceName,
      'service.version': version,
      'host.name': hostname(),
      'process.pid': process.pid,
    }),
    spanProcessors: [processor],
  });
  const spans = createSpans(provider.getTracer('reclaim', version));
  let stopping: Promise<void> | undefined;
  return {
    tracer: createOtelTracer(spans),
    requestSpans: createRequestSpans(spans),
    traceWakeUps: (wakeUps: WakeUps): WakeUps => traceWakeUps(wakeUps, spans),
    /** Sends what waits, for as long as the end of a process may take. Idempotent. */
    stop: (): Promise<void> => {
      // A last batch that is lost was reported by the exporter.
      stopping ??= within(
        provider.shutdown().catch(() => undefined),
        { ms: LAST_FLUSH_MS, late: undefined },
      );
      return stopping;
    },
  };
}

/** By the standard: the endpoint is a base, each signal has its path below it. */
function tracesUrl(endpoint: string): string {
  return new URL('v1/traces', endpoint.endsWith('/') ? endpoint : `${endpoint}/`).href;
}

// An outage of hours is one fact: that the collector takes no spans is reported once, and once that it takes them again.
function createReportingExporter(
  exporter: SpanExporter,
  { onLost, onBack }: Pick<TelemetryOptions, 'onLost' | 'onBack'>,
): SpanExporter {
  let isLost = false;

  function report({ code, error }: ExportResult): void {
    const failed = code !== ExportResultCode.SUCCESS;
    if (failed === isLost) return;
    isLost = failed;
    if (failed) onLost(error);
    else onBack();
  }

  return {
    export: (batch: ReadableSpan[], done) => {
      exporter.export(batch, (result) => {
        report(result);
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}
