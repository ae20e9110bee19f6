// Step 3: the bot is started, and seen running before it counts. What carried its id before is somebody's and
// stays: then nothing is started, and nothing is removed on the way back (I1).

import {
  type CompensatableStep,
  HoldError,
  type Observation,
  RetryableError,
  type StepCall,
  TerminalError,
} from '@reclaim/saga';
import { isUp } from '../../domain/bot.ts';
import { beginUndo, undoInTime, wasThereBefore } from '../begin-undo.ts';
import {
  contextOf,
  type ProvisioningPorts,
  placeOf,
  START_DEADLINE,
  STEP,
  UNDO_RETRY,
} from '../provisioning-ports.ts';
import { isAt, seeBot } from '../see-bot.ts';
import { type Place, START_CAPTURE } from '../stored-values.ts';

/** Longer than a program's startsecs and the calls around them. */
const START_ATTEMPT_MS = 45_000;
/** One that does not come up five times will not; outages do not count. */
const START_RETRY = { attempts: 5, baseMs: 200, capMs: 2_000 } as const;

export function createStartBotStep(ports: ProvisioningPorts): CompensatableStep {
  return {
    kind: 'compensatable',
    name: STEP.start,
    retry: START_RETRY,
    compensateRetry: UNDO_RETRY,
    timeoutMs: START_ATTEMPT_MS,
    deadline: START_DEADLINE,
    // Only when its place is known: then one host is asked, not all of them.
    capture: async (call) => {
      const place = placeOf(call);
      if (place === null) return null;
      const observed = await seeBot(ports, contextOf(call).input, place, call);
      if (observed.status === 'unknown') return null;
      return START_CAPTURE.write({ existing: observed.items.map((one) => one.containerName) });
    },
    run: async (call) => {
      if (wasThereBefore(call)) {
        const { existing } = START_CAPTURE.read(call.capture);
        throw new TerminalError('ID_IN_USE', `there is a bot of this id: ${existing.join()}`);
      }
      const { instanceId, userId, firebaseUid } = contextOf(call).input;
      await ports.bots.start({ instanceId, userId, firebaseUid, place: mustPlace(call) }, call);
      return {};
    },
    observe: (call) => observe(ports, call),
    compensate: async (call) => {
      if (wasThereBefore(call)) return;
      await beginUndo(ports, call);
      await undoInTime(call, () => removeStarted(ports, call));
    },
  };
}

async function observe(ports: ProvisioningPorts, call: StepCall): Promise<Observation> {
  const place = mustPlace(call);
  const observed = await seeBot(ports, contextOf(call).input, place, call);
  if (observed.status === 'unknown') return { outcome: 'unknown', reason: observed.reason };
  const isRunning = observed.items.some((one) => isAt(place, one) && isUp(one));
  return { outcome: isRunning ? 'landed' : 'absent' };
}

async function removeStarted(ports: ProvisioningPorts, call: StepCall): Promise<void> {
  const place = mustPlace(call);
  const { input } = contextOf(call);
  const observed = await seeBot(ports, input, place, call);
  if (observed.status === 'unknown') throw new RetryableError('BOT_UNSEEN', observed.reason);
  for (const one of observed.items.filter((observedBot) => isAt(place, observedBot))) {
    await ports.bots.remove(input.instanceId, one, call);
  }
}

function mustPlace(call: StepCall): Place {
  const place = placeOf(call);
  if (place !== null) return place;
  throw new HoldError('LOG_UNREADABLE', 'the log does not say where the bot was put');
}
