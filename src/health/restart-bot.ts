// The saga that restarts a bot that has failed. It is a saga for its key alone: while a restart holds it no deletion
// begins, and while a deletion holds it no restart does. It is preemptible: a DELETE takes its key at once, and begins
// when the last call of this saga is over. Nothing of it needs an undo: a bot that runs again is what its owner wants.

import {
  InDoubtError,
  type SagaOrder,
  type StepContext,
  type StoredOf,
  saga,
  UnavailableError,
} from '@reclaim/saga';
import { Type } from 'typebox';
import type { Bots } from '../bots/bots.ts';
import type { HostExpectations } from '../bots/hosts/host-expectations.ts';
import { aboutBotOf, locateOwned } from '../bots/locate-owned.ts';
import { type PoolContainers, RESTART_CALL_MS } from '../bots/pool-containers.ts';
import { botKey } from '../deletion/bot-key.ts';
import { OBSERVED_POOLED } from '../domain/bot.ts';
import { FIREBASE_UID, INSTANCE_ID, USER_ID } from '../domain/id-schemas.ts';
import type { PoolStates } from '../pool-state/pool-states.ts';
import type { Tombstones } from '../tombstones/tombstones.ts';
import type { Wallets } from '../wallet/wallets.ts';
import type { BotEvents, BotEventType } from './bot-events.ts';
import type { BotHealths } from './bot-healths.ts';
import type { HealthMeter } from './health-metrics.ts';
import { isBuried } from './restraints.ts';

/** Not `pool-health`: that is the clock's job, which is no saga. */
export const RESTART_BOT = 'restart-bot';

export const RESTART_BOT_INPUT = Type.Object({
  userId: USER_ID,
  firebaseUid: Type.Union([FIREBASE_UID, Type.Null()]),
  instanceId: INSTANCE_ID,
  /** The first restart is 1. */
  attempt: Type.Integer({ minimum: 1 }),
});
export type RestartBotInput = StoredOf<typeof RESTART_BOT_INPUT>;

export function restartOrder(
  { userId, firebaseUid, instanceId }: Omit<RestartBotInput, 'attempt'>,
  attempt: number,
): SagaOrder {
  return {
    kind: RESTART_BOT,
    subject: userId,
    requestedBy: 'system:health',
    input: { userId, firebaseUid, instanceId, attempt },
  };
}

export interface RestartPorts {
  readonly bots: Bots;
  readonly wallets: Wallets;
  readonly hostExpectations: HostExpectations;
  readonly tombstones: Pick<Tombstones, 'findForBot'>;
  readonly poolStates: Pick<PoolStates, 'read'>;
  readonly containers: Pick<PoolContainers, 'restart'>;
  readonly events: Pick<BotEvents, 'add'>;
  readonly healths: Pick<BotHealths, 'giveBack'>;
  readonly meter: Pick<HealthMeter, 'restarted'>;
}

type RestartCall = StepContext<RestartBotInput, object, object>;
/** By then the search has left its result. */
type StartCall = RestartCall & { readonly results: { readonly [STEP.find]: Found } };

const STEP = { find: 'find-program', start: 'start-program' } as const;

const FOUND = Type.Union([
  Type.Object({ found: OBSERVED_POOLED }),
  Type.Object({ refused: Type.String() }),
  /** What had to be asked did not answer in time. */
  Type.Object({ unreachable: Type.String() }),
]);
type Found = StoredOf<typeof FOUND>;

/** A host that is away for longer has more to do when it is back than this restart. */
const TRY_FOR_MS = 20_000;
/** Longer than an observation of all hosts, or the call, may take. */
const ATTEMPT_MS = 15_000;
/** Goes on until the deadline decides, not until a count is used up. */
const SEARCH = { attempts: 100_000, baseMs: 500, capMs: 2_000 } as const;
/** Of what is written around the call: what becomes of the call itself is never tried again for. */
const REPORT = { attempts: 5, baseMs: 500, capMs: 2_000 } as const;

/** Two steps, as only what was done before its call is known not to count: the deadline of the search can never come in the
 * middle of a call, and what it has decided is stored before anything follows from it.
 * @param tryForMs from the start of the saga to the end of its search. */
export function createRestartBotSaga(ports: RestartPorts, tryForMs = TRY_FOR_MS) {
  return saga(RESTART_BOT, {
    queue: 'health',
    idPrefix: 'rst',
    searchBy: ['instanceId'],
    inputSchema: RESTART_BOT_INPUT,
    key: (input: RestartBotInput) => botKey(input),
    preemptibleWithinMs: RESTART_CALL_MS,
  })
    .compensatable(STEP.find, {
      capture: () => ({}),
      run: (call) => findProgram(ports, call),
      compensate: () => undefined,
      retry: SEARCH,
      timeoutMs: ATTEMPT_MS,
      resultSchema: FOUND,
      deadline: {
        at: ({ startedAtMs }) => (startedAtMs === null ? null : startedAtMs + tryForMs),
        expired: (_, lastError): Found => ({ unreachable: lastError ?? 'no answer' }),
      },
    })
    .compensatable(STEP.start, {
      capture: () => ({}),
      run: (call) => startProgram(ports, call),
      compensate: () => undefined,
      retry: REPORT,
      timeoutMs: ATTEMPT_MS,
      // A call may be under way, or have been made by a worker that went away.
      deadline: {
        at: ({ startedAtMs, results: { [STEP.find]: search = {} } }) =>
          startedAtMs !== null && 'found' in search ? startedAtMs + tryForMs + ATTEMPT_MS : null,
        expired: (call, lastError) => report(ports, call, 'in-doubt', lastError ?? 'no answer'),
      },
    })
    .returns(({ results }) => results[STEP.start] ?? null);
}

async function startProgram(ports: RestartPorts, call: StartCall) {
  const search = call.results[STEP.find];
  if ('refused' in search) return report(ports, call, 'refused', search.refused);
  const { instanceId, attempt } = call.input;
  if ('unreachable' in search) {
    // Nothing was started: a host or pool that is away must not use up what the bot may need when it is back.
    await ports.healths.giveBack(call.input, attempt);
    return report(ports, call, 'unreachable', search.unreachable);
  }
  const refused = await reasonAgainst(ports, call);
  if (refused !== null) return report(ports, call, 'refused', refused);
  const outcome = await ports.containers.restart(instanceId, search.found, call).catch((error) => {
    if (!(error instanceof InDoubtError)) throw error;
    return { inDoubt: error.message };
  });
  return typeof outcome === 'string'
    ? report(ports, call, outcome, null)
    : report(ports, call, 'in-doubt', outcome.inDoubt);
}

/** Why it is not to be started, as far as the wallet and the tombstones say; null: it may. */
async function reasonAgainst(ports: RestartPorts, call: RestartCall): Promise<string | null> {
  const { userId, instanceId } = call.input;
  if (await isBuried(ports, { userId, instanceId })) return 'it was deleted';
  const reading = await ports.wallets.readAllocation(userId, instanceId);
  // A bot without money is a ghost: it is not started on any user's account.
  if (reading.status !== 'present') return 'it has no allocation';
  const { lock, settledOpId } = reading.allocation;
  return lock !== null || settledOpId !== null ? 'its allocation is being closed' : null;
}

// Under the key, and freshly: what the round saw may be minutes old.
async function findProgram(ports: RestartPorts, call: RestartCall): Promise<Found> {
  const refused = await reasonAgainst(ports, call);
  if (refused !== null) return { refused };
  const { userId, firebaseUid, instanceId } = call.input;
  const owner = { userId, firebaseUid };
  const about = aboutBotOf(owner, instanceId);
  const pools = await ports.poolStates.read({ signal: call.signal, about });
  const located = await locateOwned(ports, {
    owner,
    instanceId,
    holdsAllocation: async () => true,
    pools: pools.status === 'ok' ? pools.items : null,
    call,
  });
  if (located.status === 'unknown') throw new UnavailableError('BOT_UNSEEN', located.reason);
  const [observed, ...others] = located.items.mine;
  if (observed === undefined) return { refused: 'it is nowhere' };
  if (others.length > 0) return { refused: 'it stands in more than one container' };
  return observed.kind === 'pooled'
    ? { found: observed }
    : { refused: 'its container is of its own' };
}

async function report(
  { events, meter }: RestartPorts,
  call: RestartCall,
  outcome: string,
  reason: string | null,
) {
  const { userId, instanceId, attempt } = call.input;
  const type = EVENTS[outcome] ?? 'restart-refused';
  // The reason of a refusal is a text of ours; any other reason is an error's, and must not show hosts and sockets to
  // the bot's owner.
  const why = outcome === 'refused' && reason !== null ? `: ${reason}` : '';
  const detail = `restart ${attempt}: ${outcome}${why}`;
  const jobId = call.sagaId;
  // One event a restart: a worker that takes over finds the bot up, and that is no second outcome.
  await events.add([{ id: jobId, userId, instanceId, type, detail, jobId, atMs: call.nowMs() }]);
  meter.restarted(outcome);
  return { outcome, reason };
}

const EVENTS: Readonly<Record<string, BotEventType>> = {
  started: 'restarted',
  failed: 'restart-failed',
  unreachable: 'restart-failed',
  'in-doubt': 'restart-failed',
};
