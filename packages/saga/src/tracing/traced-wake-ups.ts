// Wake-ups as spans of their senders. The relay's, which no request ordered, begin no trace of their own.

import { SpanKind } from '@opentelemetry/api';
import type { WakeUps } from '../queue/wake-ups.ts';
import type { SagaId } from '../saga-id.ts';
import type { Spans } from './spans.ts';

export function traceWakeUps({ wake, requeue }: WakeUps, spans: Spans): WakeUps {
  return {
    wake: (sagaId, kind) => traced(spans, 'wake', sagaId, kind, () => wake(sagaId, kind)),
    requeue: (sagaId, kind) => traced(spans, 'requeue', sagaId, kind, () => requeue(sagaId, kind)),
  };
}

async function traced<T>(
  spans: Spans,
  verb: string,
  sagaId: SagaId,
  kind: string,
  work: () => Promise<T>,
): Promise<T> {
  const span = spans.underCurrentOnly({
    name: `${verb} ${kind}`,
    kind: SpanKind.PRODUCER,
    attributes: { 'messaging.system': 'bullmq', 'saga.id': sagaId, 'saga.kind': kind },
  });
  if (span === null) return work();
  try {
    const result = await work();
    span.end({}, null);
    return result;
  } catch (error) {
    span.end({}, 'WAKE_UP_LOST');
    throw error;
  }
}
