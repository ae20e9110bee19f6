// The engine's spans for OpenTelemetry.

export { createOtelTracer } from './otel-tracer.ts';
export { createSpans, type Spans } from './spans.ts';
export { traceWakeUps } from './traced-wake-ups.ts';
