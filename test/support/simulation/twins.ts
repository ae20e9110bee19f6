// Bugs that the simulation must find: each is a mechanism of the program with one bug in it, seeded into an otherwise
// unchanged simulation, and what the oracle must say of it for some seed.

import type {
  CompensatableStep,
  SagaDefinition,
  StepCall,
  StepDefinition,
} from '../../../packages/saga/src/definition.ts';
import type { InsertResult, NewSaga, SagaLog } from '../../../packages/saga/src/log/saga-log.ts';
import { stored } from '../../../packages/saga/src/run/stored.ts';
import { toSagaId } from '../../../packages/saga/src/saga-id.ts';
import { CutOffError } from '../../../packages/saga/src/testing/simulation/linked-log.ts';
import { STOP } from '../../../src/deletion/captures.ts';
import { STEP } from '../../../src/deletion/steps/step-ports.ts';
import { ok } from '../../../src/domain/source.ts';
import { decideLock, decideSettle } from '../../../src/wallet/mongodb/wallet-decisions.ts';
import type { PresenceAnswer, Twin } from './twin.ts';

export interface SimulatedTwin {
  readonly name: string;
  /** How what the oracle says of it begins. */
  readonly breach: string;
  /** Where the search for a seed begins: shortly before one that was found, which may have moved since. */
  readonly from: number;
  readonly twin: Twin;
}

export const SIMULATED_TWINS: readonly SimulatedTwin[] = [
  {
    name: 'a settlement that does not look for its own receipt',
    breach: 'I2: paid 2 times',
    from: 12_123,
    twin: {
      rules: {
        decideSettle: (command, user) =>
          decideSettle(command, user === null ? null : { ...user, receipts: [] }),
      },
    },
  },
  {
    name: 'a lock that may be set again after its saga has gone back',
    breach: 'I1: compensated, and its lock is there',
    from: 871,
    twin: {
      rules: {
        decideLock: (command, opId, past, user) =>
          decideLock(
            command,
            opId,
            past,
            user === null ? null : { ...user, withdrawnSagas: new Set() },
          ),
      },
    },
  },
  {
    name: 'a log that takes the writes of an older claim',
    breach: 'I9: a state went back',
    from: 1,
    twin: { log: (log) => ({ ...log, commit: (write) => overwrite(log, write) }) },
  },
  {
    name: 'a relay that finds nothing overdue',
    breach: 'I10: it is still',
    from: 1,
    twin: { log: (log) => ({ ...log, takeOverdue: async () => [] }) },
  },
  {
    name: 'an acceptance that is answered before it is stored',
    breach: 'I7:',
    from: 1,
    twin: { log: (log) => ({ ...log, insert: (saga) => answered(log, saga) }) },
  },
  {
    name: 'an acceptance whose claim has no end',
    breach: 'I10: it is still',
    from: 1,
    twin: {
      log: (log) => ({
        ...log,
        insert: ({ claim, ...saga }) =>
          log.insert(
            claim === undefined ? saga : { ...saga, claim: { ...claim, leaseMs: A_YEAR_MS } },
          ),
      }),
    },
  },
  {
    name: 'a fence that asks nobody',
    breach: 'I5: Docker was changed under an older claim',
    from: 1_671,
    twin: { log: (log) => ({ ...log, prove: async () => true }) },
  },
  {
    name: 'writes that are conditional on a number',
    breach: 'I6: paid after a cancel was promised',
    from: 1_295,
    twin: { log: (log) => ({ ...log, commit: (write) => ontoItsNumber(log, write) }) },
  },
  {
    name: 'a proof that a primary without its majority can give',
    breach: 'I5: Docker was changed under an older claim',
    from: 2_631,
    twin: {
      log: (log) => ({
        ...log,
        prove: (claim) =>
          log.prove(claim).catch((error: unknown) => {
            if (error instanceof CutOffError) return true;
            throw error;
          }),
      }),
    },
  },
  {
    name: 'an undo of what was seen to succeed alone',
    breach: 'I1: compensated, and the bot is not as it was',
    from: 115,
    twin: {
      definition: everyUndo((undo, step) => async (call) => {
        if (call.results[step.name] !== undefined) await undo(call);
      }),
    },
  },
  {
    name: 'attempts that are not told that they were given up',
    breach: 'I1: compensated, and the entry is not as it was',
    from: 1_328,
    twin: { definition: (saga, { log }) => everyCall(saga, (call) => neverGivenUp(call, log)) },
  },
  {
    name: 'a refund without a last observation of the bot',
    breach: 'I5: paid while the bot ran',
    from: 112,
    twin: { definition: (saga) => everyCall(saga, seenJustNow) },
  },
  {
    name: 'silence at the last observation of an orphan taken for absence',
    breach: 'I4: an orphan was paid that ran',
    from: 2_697,
    twin: {
      ports: (ports) => {
        const { bots } = ports;
        const locate: typeof bots.locate = async (query, call) => {
          const answer = await bots.locate(query, call);
          return answer.status === 'ok' || call.probes !== true ? answer : ok([], new Date(0));
        };
        return { ...ports, bots: { ...bots, locate } };
      },
    },
  },
];

/** Of provisions beside deletions. */
export const MIXED_TWINS: readonly SimulatedTwin[] = [
  {
    name: 'a port that is free as soon as no row names it',
    breach: 'I5: given twice',
    from: 676,
    twin: {
      ports: (ports) => ({
        ...ports,
        // Either of them alone keeps it.
        tombstones: { ...ports.tombstones, heldSlots: async () => [] },
        bots: { ...ports.bots, listPool: async () => ok([], new Date(0)) },
      }),
    },
  },
  {
    name: 'a reservation that its withdrawal does not forbid',
    breach: 'I11: compensated, and the balance is',
    from: 1_297,
    twin: { rules: { isForbidden: () => false } },
  },
];

const A_YEAR_MS = 365 * 24 * 3_600_000;

/** As the log would have it. */
async function answered(log: SagaLog, saga: NewSaga): Promise<InsertResult> {
  const storing = log.insert(saga);
  if (saga.claim === undefined) return storing;
  storing.catch(() => undefined);
  const { claim, notBeforeMs: _, ...given } = saga;
  const { owner } = claim;
  const at = '2026-11-01T00:00:00.000Z';
  const record = {
    ...given,
    ...{ open: true, revision: 1, writeId: owner, epoch: 1, result: null, history: [] },
    ...{ unrunnableSince: null, createdAt: at, finishedAt: null },
  };
  return { status: 'inserted', saga: record, claim: { sagaId: saga.id, epoch: 1, owner } };
}

async function overwrite(
  log: SagaLog,
  write: Parameters<SagaLog['commit']>[0],
): ReturnType<SagaLog['commit']> {
  const committed = await log.commit(write);
  if (committed.status !== 'fenced') return committed;
  const base = await log.find(write.claim.sagaId);
  if (base === null) return committed;
  const { state, result, writeId } = write;
  const event = { type: 'overwritten', step: null, detail: null };
  return log.intervene({ base, state, result, event, writeId });
}

async function ontoItsNumber(
  log: SagaLog,
  write: Parameters<SagaLog['commit']>[0],
): ReturnType<SagaLog['commit']> {
  const { base } = write;
  const stands = await log.find(base.id);
  const isSame = stands?.revision === base.revision;
  return log.commit(isSame ? { ...write, base: { ...base, writeId: stands.writeId } } : write);
}

type Undo = CompensatableStep['compensate'];

function everyUndo(change: (undo: Undo, step: CompensatableStep) => Undo) {
  return (saga: SagaDefinition): SagaDefinition => ({
    ...saga,
    steps: saga.steps.map((step) =>
      step.kind === 'compensatable' ? { ...step, compensate: change(step.compensate, step) } : step,
    ),
  });
}

/** Every run and every undo gets another call. */
export function everyCall(
  saga: SagaDefinition,
  change: (call: StepCall) => StepCall,
): SagaDefinition {
  return {
    ...saga,
    steps: saga.steps.map((step): StepDefinition => {
      const run = (call: StepCall) => step.run(change(call));
      if (step.kind !== 'compensatable') return { ...step, run };
      return { ...step, run, compensate: (call) => step.compensate(change(call)) };
    }),
  };
}

/** Its fences ask the log and nobody else. */
function neverGivenUp(call: StepCall, log: PresenceAnswer['log']): StepCall {
  const { signal } = new AbortController();
  const fence = async () => {
    const saga = await log.find(toSagaId(call.sagaId));
    if (saga?.epoch !== call.epoch) await call.fence();
  };
  return { ...call, signal, fence, fencedWrite: fence };
}

const STOP_VALUE = stored('outcome of the stop', STOP);

/** The bot was stopped once, and that is believed for ever. */
function seenJustNow(call: StepCall): StepCall {
  const { epoch } = call;
  const stop = STOP_VALUE.readOrNull(call.results[STEP.stop]);
  if (stop === null || 'gaveUp' in stop) return call;
  const observed = STOP_VALUE.write({ observedAtRestMs: call.monotonicMs(), epoch });
  return { ...call, attempt: 1, results: { ...call.results, [STEP.stop]: observed } };
}
