// The layers below the API, in memory: they record what is asked of them and answer as a test says (each is tested for
// itself elsewhere).

import { Registry } from 'prom-client';
import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import type { ApiDependencies, Health } from '../../src/api/dependencies.ts';
import type { DeleteOutcome, DeleteRequest } from '../../src/deletion/delete-requests.ts';
import { type FirebaseUid, toUserId } from '../../src/domain/ids.ts';
import type {
  ProvisionOutcome,
  ProvisionRequest,
} from '../../src/provisioning/provision-requests.ts';
import { inertPorts } from './inert-ports.ts';

export const ALICE = toUserId('00000000000000000000000a');
export const BOB = toUserId('00000000000000000000000b');
const USERS = new Map([
  ['alice', ALICE],
  ['bob', BOB],
]);

export interface ApiAnswers {
  readonly sagas?: readonly SagaRecord[];
  readonly answer?: DeleteOutcome | (() => Promise<DeleteOutcome>);
  readonly provision?: ProvisionOutcome;
  /** What the sagas answer instead. */
  readonly routed?: Partial<ApiDependencies['sagas']>;
}

export interface Asked {
  readonly deleteRequests: DeleteRequest[];
  readonly provisionRequests: ProvisionRequest[];
  readonly cancels: { readonly id: string; readonly by: string }[];
}

type Layers = Omit<ApiDependencies, 'log' | 'identities' | 'now' | 'settings'>;

export function createApiLayers(
  { sagas = [], answer = { status: 'not-found' }, provision, routed }: ApiAnswers,
  { deleteRequests, provisionRequests, cancels }: Asked,
): Layers {
  return {
    accounts: { find: async (who) => ('firebaseUid' in who ? accountOf(who.firebaseUid) : null) },
    endedSessions: createMemoryEndedSessions(),
    deletions: {
      request: async (request) => {
        deleteRequests.push(request);
        return typeof answer === 'function' ? answer() : answer;
      },
    },
    provisions: {
      request: async (request) => {
        provisionRequests.push(request);
        return provision ?? { status: 'no-pool', reason: 'none' };
      },
    },
    sagas: { ...sagasOf(sagas, cancels), ...routed },
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
    syncs: inertPorts(),
    syncAll: () => Promise.reject(new Error('no run is made here')),
    resolveFindings: { resolve: async () => ({ status: 'not-found' }) },
    confirmHost: { confirm: async () => ({ status: 'no-such-host', hosts: [] }) },
    audits: {
      auditUser: async (userId) => ({
        ...{ userId, status: 'not-ours', ingested: 0, rows: 0 },
        writeOffs: { count: 0, newest: [] },
      }),
      auditAll: async () => null,
      lastRun: async () => null,
    },
    registry: { find: () => ({ shape: { steps: STEPS } }) },
    adminReads: {
      overview: async () => ({
        ...{ at: NOW, figures: null, reason: 'nothing was asked', sources: [] },
      }),
      world: async () => ({ at: NOW, bot: null, sources: [] }),
      openFindings: async () => [],
      orphanHistory: async () => [],
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
  };
}

const NOW = '2026-11-01T00:00:00.000Z';

const STEPS = [
  { name: 'lock-allocation', kind: 'compensatable' },
  { name: 'refund-wallet', kind: 'pivot' },
] as const;

export const HEALTHY: Health = {
  mongodb: { status: 'ok' },
  redis: { status: 'ok' },
  workers: { status: 'ok' },
  docker: { local: { status: 'ok' } },
  poolState: { status: 'ok' },
};

function accountOf(firebaseUid: FirebaseUid) {
  const userId = USERS.get(firebaseUid);
  return userId === undefined ? null : { userId, firebaseUid };
}

function createMemoryEndedSessions(): ApiDependencies['endedSessions'] {
  const ended = new Set<string>();
  return {
    end: async (id) => void ended.add(id),
    among: async (ids) => new Set(ids.filter((id) => ended.has(id))),
  };
}

/** They stand still, whoever asks for what. */
function sagasOf(
  sagas: readonly SagaRecord[],
  cancels: Asked['cancels'],
): ApiDependencies['sagas'] {
  return {
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
  };
}
