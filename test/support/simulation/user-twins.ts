// Bugs that the simulation of synchronisations must find, each in a mechanism that nothing else makes good.

import type {
  SagaDefinition,
  StepCall,
  StepDefinition,
} from '../../../packages/saga/src/definition.ts';
import type { Json } from '../../../packages/saga/src/json.ts';
import { makeSagaId } from '../../../packages/saga/src/saga-id.ts';
import { ok, type SourceAnswer } from '../../../src/domain/source.ts';
import { RESTART_BOT } from '../../../src/health/restart-bot.ts';
import { RUN_REPORT } from '../../../src/sync/sync-reports.ts';
import { SYNC_RUN, SYNC_WALLET } from '../../../src/sync/sync-wallet-input.ts';
import { INCARNATION } from '../../fakes/wallet-world.ts';
import { everyCall, type SimulatedTwin } from './twins.ts';

export const USER_TWINS: readonly SimulatedTwin[] = [
  {
    name: 'children that are begun before their confirmation is in the log',
    breach: 'I8: a run does not say what its own reclaiming has paid',
    from: 269,
    twin: { definition: onlyOf(SYNC_WALLET, (call) => ({ ...call, fencedWrite: call.fence })) },
  },
  {
    name: 'a child with a fresh id each time it is begun',
    breach: 'I8: a run has begun two reclaimings of one bot',
    from: 199,
    twin: {
      sync: (ports) => ({
        ...ports,
        sagas: {
          ...ports.sagas,
          childId: () => {
            born += 1;
            return makeSagaId('rcl', born, new Uint8Array(16));
          },
        },
      }),
    },
  },
  {
    name: 'a confirmation that believes the first observation',
    breach: 'I4: a reclaiming was begun on one observation',
    from: 1,
    twin: {
      definition: (saga) =>
        withStep(saga, { kind: SYNC_WALLET, name: 'confirm' }, async (call) =>
          believed(call.results.observe),
        ),
    },
  },
  {
    name: 'a page that repairs what it finds',
    breach: 'I4: a page that was opened has paid',
    from: 1,
    twin: {
      definition: onlyOf(SYNC_WALLET, (call) => {
        const input = SYNC_RUN.read(call.input);
        return input.trigger === 'passive'
          ? { ...call, input: { ...input, trigger: 'explicit' } }
          : call;
      }),
    },
  },
  {
    name: 'silence taken for absence, at both observations and at the last one',
    breach: 'I4: a bot that stood there was paid as an orphan',
    from: 447,
    twin: {
      ports: (ports) => {
        const { bots } = ports;
        const locate: typeof bots.locate = async (...asked) => {
          const answer = await bots.locate(...asked);
          return answer.status === 'ok' ? answer : ok([], new Date(0));
        };
        const list: typeof bots.list = async (...asked) => {
          const listing = await bots.list(...asked);
          return { ...listing, answer: spoken(listing.answer) };
        };
        return { ...ports, bots: { ...bots, locate, list } };
      },
    },
  },
  {
    name: 'an orphan that is paid on the word of the run',
    breach: 'I4: an orphan was paid that ran',
    from: 858,
    twin: {
      absence: { check: async () => ({ status: 'absent' }) },
    },
  },
  {
    name: 'suspects that are never cleared',
    breach: 'a suspect is left',
    from: 1,
    twin: {
      sync: (ports) => ({
        ...ports,
        suspects: { ...ports.suspects, clear: async () => undefined },
      }),
    },
  },
  {
    name: 'a restart that no DELETE can take the bot from',
    breach: 'I8: a restart stood in the way of a DELETE',
    from: 140,
    twin: {
      definition: (saga) => {
        const { preemptibleWithinMs: _, ...rest } = saga;
        return saga.name === RESTART_BOT ? rest : saga;
      },
    },
  },
];

let born = 0;

export function onlyOf(kind: string, change: (call: StepCall) => StepCall) {
  return (saga: SagaDefinition) => (saga.name === kind ? everyCall(saga, change) : saga);
}

/** In the sagas of this kind, one step that does something else. */
export function withStep(
  saga: SagaDefinition,
  { kind, name }: { readonly kind: string; readonly name: string },
  run: StepDefinition['run'],
): SagaDefinition {
  if (saga.name !== kind) return saga;
  const steps = saga.steps.map(
    (step): StepDefinition => (step.name === name ? { ...step, run } : step),
  );
  return { ...saga, steps };
}

function believed(observed: Json | undefined) {
  const report = RUN_REPORT.read(observed ?? null);
  const drifts = report.drifts.map((note) => {
    if (note.outcome !== 'observed') return note;
    const { allocation } = note;
    const named = allocation && { ...allocation, incarnationId: INCARNATION };
    return { ...note, allocation: named, outcome: 'confirmed' as const };
  });
  return { value: RUN_REPORT.write({ ...report, drifts }) };
}

function spoken<T>(answer: SourceAnswer<readonly T[]>): SourceAnswer<readonly T[]> {
  return answer.status === 'ok' ? answer : ok([], new Date(0));
}
