// An exporter that logs when the collector stops taking spans, and when it takes them again: once each, because an
// outage of hours is one fact.

import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';

export interface CollectorNews {
  /** Spans are being lost; nothing else is. */
  readonly onLost: (error: unknown) => void;
  readonly onBack: () => void;
}

export function createReportingExporter(exporter: SpanExporter, news: CollectorNews): SpanExporter {
  let isLost = false;

  function report({ code, error }: ExportResult): void {
    const failed = code !== ExportResultCode.SUCCESS;
    if (failed === isLost) return;
    isLost = failed;
    if (failed) news.onLost(error);
    else news.onBack();
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
