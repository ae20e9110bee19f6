// A process whose event loop stands still refuses work instead of collecting it. Only the loop's delay
// counts, with a limit far above what a busy but healthy process shows; health routes always answer.

import underPressure from '@fastify/under-pressure';
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
      await app.register(underPressure, {
        maxEventLoopDelay: maxEventLoopDelayMs,
        sampleInterval: sampleMs,
        pressureHandler: async (request, _reply, _type, value) => {
          // The loop stood still for one sample, and nothing was measured: the next one tells how long.
          if (!Number.isFinite(value)) return;
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

const ALWAYS_ANSWERED: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);
