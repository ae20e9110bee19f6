// A process whose event loop is blocked refuses work instead of collecting it. Only the loop's delay
// counts, with a limit far above what a busy but healthy process shows; health routes always answer.

import underPressure from '@fastify/under-pressure';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { ProblemError } from '../problem.ts';

export interface LoadSheddingOptions {
  /** Mean delay of the event loop over one sample above which requests are refused. */
  readonly maxEventLoopDelayMs?: number;
  readonly sampleMs?: number;
}

export function createLoadShedding(options: LoadSheddingOptions = {}) {
  const { maxEventLoopDelayMs = 3000, sampleMs = 1000 } = options;
  return fp(
    async (app) => {
      const samples = timeSamples(app, sampleMs);
      await app.register(underPressure, {
        maxEventLoopDelay: maxEventLoopDelayMs,
        sampleInterval: sampleMs,
        pressureHandler: async (request, _reply, _type, value) => {
          const delayMs = Number.isFinite(value) ? Number(value) : samples.lastTookMs();
          if (delayMs <= maxEventLoopDelayMs) return;
          if (ALWAYS_ANSWERED.has(request.routeOptions.url ?? '')) return;
          throw new ProblemError('overloaded', 'The server cannot take more work at the moment.', {
            headers: { 'retry-after': '5' },
          });
        },
      });
    },
    { name: 'load-shedding', dependencies: ['problems'] },
  );
}

// The plugin forgets its last round with each sample, so a loop whose every round takes a sample or longer is never
// measured, and its delay is reported as infinite. It went round once then, in the time that the sample took.
function timeSamples(app: FastifyInstance, sampleMs: number) {
  let beganAt = performance.now();
  let tookMs = 0;
  const timer = setTimeout(() => {
    const now = performance.now();
    tookMs = now - beganAt;
    beganAt = now;
    timer.refresh();
  }, sampleMs);
  app.addHook('onClose', async () => clearTimeout(timer));
  return { lastTookMs: () => tookMs };
}

const ALWAYS_ANSWERED: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);
