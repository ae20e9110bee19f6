// The first check of a request. One that is refused here is answered in a sentence, and leaves no line of its
// own in the log: a flood must not fill the disk either. A flood is logged once a minute for all. The answer waits a
// moment, which costs us a timer, and a sender that waits for its answers most of its rate.

import { pause } from '@reclaim/saga';
import { type FastifyRequest, LogController } from 'fastify';
import fp from 'fastify-plugin';
import { Counter, type Registry } from 'prom-client';
import type { Admission } from '../admission.ts';
import { ProblemError } from '../problem.ts';

const NAME = 'reclaim_requests_refused_total';
const REPORT_EVERY_MS = 60_000;
/** Each holds a socket; more are answered at once. */
const MAX_HELD = 500;

export interface AddressLimitOptions {
  readonly admission: Admission;
  readonly metrics: Registry;
  /** How long a refusal waits. */
  readonly holdMs: number;
}

export function createAddressLimit({ admission, metrics, holdMs }: AddressLimitOptions) {
  return fp(
    async (app) => {
      const refused = new Counter({
        name: NAME,
        help: 'Requests refused before they were read: their address or user had sent too many.',
        registers: [metrics],
      });
      const lockedBy = new AbortController();
      let held = 0;
      const hold = async () => {
        if (held >= MAX_HELD) return;
        held += 1;
        await pause(holdMs, lockedBy.signal);
        held -= 1;
      };
      let saidAtMs = Number.NEGATIVE_INFINITY;
      app.addHook('onRequest', async (request) => {
        const waitMs = admission.judge(request);
        if (waitMs === null) return;
        refused.inc();
        if (performance.now() - saidAtMs >= REPORT_EVERY_MS) {
          saidAtMs = performance.now();
          request.log.warn({ address: request.client.address }, 'requests refused: too many');
        }
        await hold();
        throw tooMany(waitMs);
      });
      app.addHook('preClose', async () => lockedBy.abort());
      app.addHook('onClose', async () => metrics.removeSingleMetric(NAME));
    },
    { name: 'address-limit', dependencies: ['clients', 'problems'] },
  );
}

export function tooMany(waitMs: number): ProblemError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  return new ProblemError('too-many-requests', 'Too many requests come from this address.', {
    headers: { 'retry-after': String(seconds) },
  });
}

/** Writes no lines for what is refused. */
export class AdmittedOnly extends LogController {
  readonly #admission: Admission;

  constructor(admission: Admission) {
    super();
    this.#admission = admission;
  }

  override isLogDisabled(request: FastifyRequest): boolean {
    return this.#admission.judge(request) !== null;
  }
}
