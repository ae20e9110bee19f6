// The API on its own: the layers below are in-memory stand-ins that record what was asked of them (each
// is tested for itself elsewhere), the token verifier is the real local one.

import { randomBytes } from 'node:crypto';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { Registry } from 'prom-client';
import { expect, onTestFinished } from 'vitest';
import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import type { Phase, SagaState, StepState } from '../../packages/saga/src/machine/state.ts';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { createApp } from '../../src/api/app.ts';
import type { ApiDependencies, ApiSettings, Health } from '../../src/api/dependencies.ts';
import type { DeleteOutcome, DeleteRequest } from '../../src/deletion/delete-requests.ts';
import { type FirebaseUid, toFirebaseUid, toUserId } from '../../src/domain/ids.ts';
import {
  createLocalTokenIssuer,
  createLocalVerifier,
} from '../../src/infra/identities/local-tokens.ts';
import { createLogger } from '../../src/infra/log/logger.ts';
import type {
  ProvisionOutcome,
  ProvisionRequest,
} from '../../src/provisioning/provision-requests.ts';

export const ALICE = toUserId('00000000000000000000000a');
export const BOB = toUserId('00000000000000000000000b');
const USERS = new Map([
  ['alice', ALICE],
  ['bob', BOB],
]);

function accountOf(firebaseUid: FirebaseUid) {
  const userId = USERS.get(firebaseUid);
  return userId === undefined ? null : { userId, firebaseUid };
}

export const METRICS_TOKEN = 'a-token-of-the-tests';

export interface TestApi {
  readonly app: FastifyInstance;
  readonly deleteRequests: DeleteRequest[];
  readonly provisionRequests: ProvisionRequest[];
  readonly cancels: { readonly id: string; readonly by: string }[];
  readonly logLines: string[];
  token(user: string, options?: { admin?: boolean; now?: Date }): Promise<string>;
  /** Sends a request as a user. */
  as(user: string, options: InjectOptions & { admin?: boolean }): Promise<LightMyRequestResponse>;
}

export interface TestApiOptions {
  readonly deps?: Partial<Omit<ApiDependencies, 'adminReads'>>;
  readonly adminReads?: Partial<ApiDependencies['adminReads']>;
  readonly settings?: Partial<ApiSettings>;
  readonly sagas?: readonly SagaRecord[];
  readonly answer?: DeleteOutcome | (() => Promise<DeleteOutcome>);
  readonly provision?: ProvisionOutcome;
}

export async function createTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const key = randomBytes(32);
  const now = () => new Date();
  const deleteRequests: DeleteRequest[] = [];
  const provisionRequests: ProvisionRequest[] = [];
  const cancels: { id: string; by: string }[] = [];
  const logLines: string[] = [];
  const ended = new Set<string>();
  const log = createLogger('trace', { write: (line: string) => void logLines.push(line) });
  const sagas = options.sagas ?? [];
  const answer = options.answer ?? { status: 'not-found' as const };

  const app = await createApp({
    log,
    identities: createLocalVerifier({ key, now }),
    accounts: { find: async (who) => ('firebaseUid' in who ? accountOf(who.firebaseUid) : null) },
    endedSessions: {
      end: async (id) => void ended.add(id),
      among: async (ids) => new Set(ids.filter((id) => ended.has(id))),
    },
    deletions: {
      request: async (request) => {
        deleteRequests.push(request);
        return typeof answer === 'function' ? answer() : answer;
      },
    },
    provisions: {
      request: async (request) => {
        provisionRequests.push(request);
        return options.provision ?? { status: 'no-pool', reason: 'none' };
      },
    },
    sagas: {
      find: async (id) => sagas.find((saga) => saga.id === id) ?? null,
      findRevisions: async (ids) =>
        new Map(sagas.filter(({ id }) => ids.includes(id)).map((saga) => [saga.id, saga])),
      list: async ({ subject, phases }) => ({
        sagas: sagas.filter(
          (saga) =>
            (subject === undefined || saga.subject === subject) &&
            (phases === undefined || phases.includes(saga.state.phase)),
        ),
        nextCursor: null,
      }),
      requestCancel: async (id, by) => {
        cancels.push({ id, by });
        const saga = sagas.find((candidate) => candidate.id === id);
        if (saga === undefined) return { status: 'not-found' };
        if (!saga.open) return { status: 'ended', saga };
        if (saga.state.pivotBegun) return { status: 'too-late', by: 'pivot', saga };
        return { status: 'requested', saga };
      },
      waitForEnd: async () => null,
      order: async () => ({ status: 'not-found' }),
      plan: async () => null,
      atRisk: () => null,
    },
    portfolio: {
      bots: async () => [],
      wallet: async () => ({
        balance: 17331,
        currency: 'USD',
        lastUpdated: null,
        allocations: [],
        totals: { allocated: 0, currentValue: 0, pnl: 0 },
      }),
      transactions: async () => ({ entries: [], nextCursor: null }),
    },
    botHealth: { ofUser: async () => new Map(), events: async () => null },
    firstReport: { isConfirmed: async () => true },
    syncs: {
      request: async () => {
        throw new Error('no run is made here');
      },
      rehearse: async () => {
        throw new Error('nothing is rehearsed here');
      },
    },
    syncAll: async () => {
      throw new Error('no run is made here');
    },
    resolveFindings: { resolve: async () => ({ status: 'not-found' }) },
    confirmHost: { confirm: async () => ({ status: 'no-such-host', hosts: [] }) },
    audits: {
      auditUser: async (userId) => ({
        userId,
        status: 'not-ours',
        ingested: 0,
        rows: 0,
        writeOffs: { count: 0, newest: [] },
      }),
      auditAll: async () => null,
      lastRun: async () => null,
    },
    registry: {
      find: () => ({
        shape: {
          steps: [
            { name: 'lock-allocation', kind: 'compensatable' },
            { name: 'refund-wallet', kind: 'pivot' },
          ],
        },
      }),
    },
    adminReads: {
      overview: async () => ({
        ...{ at: now().toISOString(), figures: null, reason: 'nothing was asked', sources: [] },
      }),
      world: async () => ({ at: now().toISOString(), bot: null, sources: [] }),
      openFindings: async () => [],
      orphanHistory: async () => [],
      ...options.adminReads,
    },
    health: async () => HEALTHY,
    metrics: new Registry(),
    requestSpans: null,
    queues: [],
    queueOf: () => 'deletion',
    demo: null,
    firebaseWeb: null,
    rateLimitRedis: null,
    keyPrefix: 'test',
    now,
    ...options.deps,
    settings: {
      defaultWaitSeconds: 0,
      simulatesBots: true,
      provisionsBots: true,
      syncOnOpen: true,
      rateLimitPerMinute: 1200,
      addressRateLimitPerMinute: 300,
      refusalHoldMs: 0,
      maxEventLoopDelayMs: Number.POSITIVE_INFINITY,
      metricsToken: METRICS_TOKEN,
      sessionSecret: randomBytes(32).toString('hex'),
      trustProxy: false,
      allowedOrigins: [],
      version: '0.0.0',
      ...options.settings,
    },
  });
  onTestFinished(() => app.close());

  const token: TestApi['token'] = async (user, { admin = false, now: at = now() } = {}) => {
    const issuer = createLocalTokenIssuer({ key, now: () => at });
    return (await issuer.issue({ firebaseUid: toFirebaseUid(user), isAdmin: admin })).token;
  };
  return {
    app,
    deleteRequests,
    provisionRequests,
    cancels,
    logLines,
    token,
    as: async (user, { admin = false, ...request }) =>
      app.inject({
        ...request,
        headers: { authorization: `Bearer ${await token(user, { admin })}`, ...request.headers },
      }),
  };
}

export const HEALTHY: Health = {
  mongodb: { status: 'ok' },
  redis: { status: 'ok' },
  workers: { status: 'ok' },
  docker: { local: { status: 'ok' } },
  poolState: { status: 'ok' },
};

/** Asserts that a response is a problem of this kind, complete, and returns its document. */
export function expectProblem(
  response: LightMyRequestResponse,
  status: number,
  kind: string,
): Record<string, unknown> {
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  const problem = response.json<Record<string, unknown>>();
  expect(problem).toMatchObject({ type: `urn:reclaim:problem:${kind}`, status });
  // What clients of the platform read.
  expect(problem).toMatchObject({ success: false, message: problem.detail });
  expect(response.statusCode).toBe(status);
  for (const member of ['title', 'detail', 'instance', 'requestId']) {
    expect(problem[member], member).toEqual(expect.any(String));
  }
  return problem;
}

const ENDED: ReadonlySet<Phase> = new Set(['completed', 'compensated', 'cancelled']);
let lastSaga = 0;

/** A deletion's record of Alice, in any phase. */
export function sagaIn(
  phase: Phase,
  changes: Partial<SagaRecord> = {},
  stateChanges: Partial<SagaState> = {},
): SagaRecord {
  lastSaga += 1;
  const open = !ENDED.has(phase);
  return {
    id: toSagaId(`del-${String(lastSaga).padStart(12, '0')}`),
    kind: 'delete-bot',
    version: 1,
    key: `bot/${ALICE}/alice-bot-1`,
    subject: ALICE,
    requestedBy: 'user:alice',
    parent: null,
    input: { instanceId: 'alice-bot-1' },
    state: {
      phase,
      cursor: phase === 'queued' ? 0 : 1,
      steps: [
        step('lock-allocation', { status: phase === 'queued' ? 'pending' : 'done' }),
        step('refund-wallet', { status: phase === 'completed' ? 'done' : 'pending' }),
      ],
      cancelRequested: false,
      pivotBegun: false,
      mustFence: false,
      startedAtMs: null,
      notBeforeMs: null,
      cause: null,
      stuckFrom: null,
      warnings: [],
      ...stateChanges,
    },
    open,
    revision: 3,
    writeId: 'the third',
    epoch: 1,
    result: phase === 'completed' ? { wallet: WALLET_CHANGE } : null,
    unrunnableSince: null,
    history: [],
    createdAt: '2026-11-01T00:00:00.000Z',
    finishedAt: open ? null : '2026-11-01T00:00:01.000Z',
    ...changes,
  };
}

export const WALLET_CHANGE = {
  previousBalance: 17331,
  newBalance: 18436,
  returned: 1105,
  pnl: 0,
};

function step(name: string, changes: Partial<StepState>): StepState {
  return {
    name,
    status: 'pending',
    attempts: 0,
    compensations: 0,
    unknowns: 0,
    capture: null,
    value: null,
    error: null,
    startedAtMs: null,
    finishedAtMs: null,
    ...changes,
  };
}
