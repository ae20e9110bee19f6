// The engine's figures for Prometheus.

export { registerOpenSagaGauges } from './open-saga-gauges.ts';
export { createSagaMetrics, type SagaMetrics } from './saga-metrics.ts';
export { createScrapedRead } from './scraped-read.ts';
