// Step 2: the bot stops, and is OBSERVED to have stopped, before its money moves. Undone only as far as it was running
// before: a bot that was stopped stays stopped (I1). A container that its stop removes cannot be put back: from the
// step's begin on such a deletion only goes forward, or stands still for a person (I6).

import {
  InDoubtError,
  type Observed,
  RetryableError,
  type Warning,
  type WithWarnings,
  withWarnings,
} from '@reclaim/saga';
import { isRemovedByStop, type ObservedBot } from '../../domain/bot.ts';
import type { BotWorth } from '../../domain/bot-worth.ts';
import { idConflict } from '../../findings/findings.ts';
import {
  type AbsenceDoubt,
  createAbsenceDoubt,
  observeAtRest,
  stopAndObserve,
} from '../bot-at-rest.ts';
import { lockWorth } from '../bot-worth.ts';
import { BOT, type BotCapture, type LockValue, STOP, type StopValue } from '../captures.ts';
import { stopDeadline } from '../stop-policy.ts';
import { findReplacements, locateBot, withRecorded } from './replacements.ts';
import {
  capturedAllocation,
  capturedBot,
  contextOf,
  type DeletionCall,
  type DeletionPorts,
  observedOf,
  STEP,
  UNDO_RETRY,
  UNTIL_DEADLINE,
} from './step-ports.ts';

/** Longer than any stop may take: one that is cut off is sent its signal again by the next attempt. What ends an
 * attempt that hangs are the deadlines of its calls, and the policy's. */
const STOP_ATTEMPT_MS = 3_700_000;

type StopCall = DeletionCall & { readonly capture: BotCapture };
/** By then the lock's step has left its result. */
type StopRun = StopCall & { readonly results: { readonly [STEP.lock]: LockValue } };

export function stopContainer(ports: DeletionPorts) {
  const { bots } = ports;
  return {
    retry: UNTIL_DEADLINE,
    compensateRetry: UNDO_RETRY,
    timeoutMs: STOP_ATTEMPT_MS,
    captureSchema: BOT,
    resultSchema: STOP,
    capture: (call: DeletionCall) => capture(ports, call),
    run: async (call: StopRun): Promise<WithWarnings<StopValue>> => {
      const { observedBots } = call.capture;
      const { instanceId } = call.input;
      const doubt = absenceDoubt(ports, call);
      await reportWhatWasFound(ports, call);
      const worth = await lockWorth(ports, call);
      const stop = (some: readonly ObservedBot[]) =>
        stopAndObserve(bots, instanceId, some, doubt, call);
      const { rest, replacements } = await withRecorded(
        ports,
        call,
        await stop(observedBots),
        stop,
      );
      if (rest.status === 'running') throw stillRunning(rest.names);
      if (rest.status === 'unknown') throw new InDoubtError('STOP_UNSEEN', rest.reason);
      return withWarnings(atRest(call, { worth, replacements }), warningsOf(call.capture));
    },
    observe: async (call: StopCall): Promise<Observed<StopValue>> => {
      const { instanceId } = call.input;
      const { observedBots } = call.capture;
      const doubt = absenceDoubt(ports, call);
      const look = (some: readonly ObservedBot[]) =>
        observeAtRest(bots, instanceId, some, call, doubt);
      const { rest, replacements } = await withRecorded(
        ports,
        call,
        await look(observedBots),
        look,
      );
      if (rest.status === 'unknown') return { outcome: 'unknown', reason: rest.reason };
      if (rest.status === 'running') return { outcome: 'absent' };
      return {
        outcome: 'landed',
        value: atRest(call, { replacements }),
        warnings: warningsOf(call.capture),
      };
    },
    compensate: async (call: StopCall) => {
      const { instanceId } = call.input;
      const { observedBots } = call.capture;
      const outcomes = await Promise.all(
        observedBots.map((observed) => bots.restore(instanceId, observed, call)),
      );
      const gone = observedBots.filter((_, index) => outcomes[index] === 'gone');
      const left = await restoreReplacements(ports, call, gone);
      return left.length === 0 ? undefined : { warnings: [notRestored(left)] };
    },
    canUndo: ({ observedBots }: BotCapture) => !observedBots.some(isRemovedByStop),
    deadline: stopDeadline('stop-failed'),
  };
}

// Null while Docker cannot tell: then the step itself asks again before its first effect. A pool state that
// cannot be read is no obstacle here: the owner's pools are found by name too.
async function capture(ports: DeletionPorts, call: DeletionCall): Promise<BotCapture | null> {
  const located = await locateBot(ports, call);
  if (located.status === 'unknown') return null;
  const { mine, foreign, unobserved, disbelieved } = located.items;
  await ports.hostExpectations.noteShown(mine.map(({ host }) => host));
  // A host that shows nothing and is not believed is no obstacle to a deletion; the tombstone asks it again (I1).
  return { observedBots: mine, foreign, unobserved: [...unobserved, ...disbelieved] };
}

// Of a container of its own: a pool that was made anew is found by its name already.
// @returns those that nothing has taken the place of.
async function restoreReplacements(
  ports: DeletionPorts,
  call: StopCall,
  gone: readonly ObservedBot[],
): Promise<readonly ObservedBot[]> {
  if (gone.length === 0) return gone;
  const found = await findReplacements(ports, call, gone, call.capture.observedBots);
  // It is named in a warning: an undo must not wait for a neighbour that cannot be asked.
  if (found.status === 'unknown') return gone;
  const left: ObservedBot[] = [];
  for (const captured of gone) {
    const again = found.items.find(
      ({ kind, host, containerName }) =>
        kind === 'dedicated' && host === captured.host && containerName === captured.containerName,
    );
    if (captured.kind !== 'dedicated' || again === undefined) left.push(captured);
    else {
      const { containerId } = again;
      await ports.bots.restore(call.input.instanceId, { ...captured, containerId }, call);
    }
  }
  return left;
}

/** Reports what carries this bot's id and belongs to another user, or to an owner who is not known, as far as it has
 * been captured: it is left alone, and is a person's to judge. Repeatable. */
export async function reportForeign(
  { findings }: Pick<DeletionPorts, 'findings'>,
  call: DeletionCall,
): Promise<void> {
  const containers = capturedBot(call)?.foreign ?? [];
  const poolState = call.captures[STEP.pool]?.hasForeign ?? false;
  if (containers.length === 0 && !poolState) return;
  const { userId, instanceId } = call.input;
  await findings.report(idConflict({ userId, instanceId, containers, poolState }));
}

// The lock was set before Docker had answered what the tombstone names, and what belongs to other users.
async function reportWhatWasFound(ports: DeletionPorts, call: StopRun): Promise<void> {
  if (call.results[STEP.lock].sawBot) return;
  await ports.tombstones.recordObservedBots(contextOf(call).tombstone, observedOf(call));
  await reportForeign(ports, call);
}

/** The allocation was read before the bot was observed. */
export function absenceDoubt(ports: DeletionPorts, call: DeletionCall): AbsenceDoubt {
  const { readAtMs } = capturedAllocation(call);
  const { userId, instanceId } = call.input;
  const observedAt = new Date(readAtMs);
  return createAbsenceDoubt(ports, { userId, instanceId, observedAt }, call);
}

interface AtRest {
  readonly worth?: BotWorth;
  readonly replacements: readonly ObservedBot[];
}

function atRest(call: DeletionCall, { worth, replacements }: AtRest): StopValue {
  return {
    ...{ observedAtRestMs: call.monotonicMs(), epoch: call.epoch },
    ...(worth !== undefined && { worth }),
    ...(replacements.length > 0 && { replacements: [...replacements] }),
  };
}

function warningsOf({ observedBots }: BotCapture): readonly Warning[] {
  return observedBots.flatMap((observed) =>
    observed.kind === 'pooled' && !observed.poolRunning
      ? [
          {
            code: 'pool-not-running',
            message: `${observed.containerName} does not run; the bot is taken out at its next start`,
          },
        ]
      : [],
  );
}

// Its own stop took it away, or another program did meanwhile: "as before" would be a lie. The allocation that is back
// is an orphan's now, which the next synchronisation pays.
function notRestored(gone: readonly ObservedBot[]): Warning {
  const names = gone.map(({ containerName }) => containerName).join(', ');
  return { code: 'bot-not-restored', message: `gone, and cannot be put back: ${names}` };
}

function stillRunning(names: readonly string[]) {
  return new RetryableError('STILL_RUNNING', `still running: ${names.join(', ')}`);
}
