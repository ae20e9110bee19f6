// Step 3: the bot is started, and observed running before it counts. What carried its id before belongs to another
// owner and stays: then nothing is started, and nothing is removed on the way back (I1).

import { HoldError, type Observed, RetryableError, TerminalError } from '@reclaim/saga';
import { isUp } from '../../domain/bot.ts';
import { beginUndo, undoInTime, wasThereBefore } from '../begin-undo.ts';
import {
  contextOf,
  type ProvisionCall,
  type ProvisioningPorts,
  placeOf,
  START_DEADLINE,
  UNDO_RETRY,
} from '../provisioning-ports.ts';
import { isAt, seeBot } from '../see-bot.ts';
import { EXISTING, type ExistingCapture, type Place } from '../stored-values.ts';

/** Longer than a program's startsecs and the calls around them. */
const START_ATTEMPT_MS = 45_000;
/** One that does not come up five times will not; outages do not count. */
const START_RETRY = { attempts: 5, baseMs: 200, capMs: 2_000 } as const;

type StartCall = ProvisionCall & { readonly capture: ExistingCapture };

export function startBot(ports: ProvisioningPorts) {
  return {
    retry: START_RETRY,
    compensateRetry: UNDO_RETRY,
    timeoutMs: START_ATTEMPT_MS,
    captureSchema: EXISTING,
    // Only when its place is known: then one host is asked, not all of them.
    capture: async (call: ProvisionCall): Promise<ExistingCapture | null> => {
      const place = placeOf(call);
      if (place === null) return null;
      const observed = await seeBot(ports, contextOf(call).input, place, call);
      if (observed.status === 'unknown') return null;
      return { existing: observed.items.map((one) => one.containerName) };
    },
    run: async (call: StartCall): Promise<void> => {
      if (wasThereBefore(call)) {
        const { existing } = call.capture;
        throw new TerminalError('ID_IN_USE', `there is a bot of this id: ${existing.join()}`);
      }
      const { instanceId, userId, firebaseUid } = contextOf(call).input;
      await ports.bots.start({ instanceId, userId, firebaseUid, place: mustPlace(call) }, call);
    },
    observe: (call: ProvisionCall) => observe(ports, call),
    compensate: async (call: ProvisionCall) => {
      if (wasThereBefore(call)) return;
      const undo = await beginUndo(ports, call);
      // Then the program of this name is another bot's by now.
      if (undo?.tombstone === null) return;
      await undoInTime(call, () => removeStarted(ports, call));
    },
    deadline: START_DEADLINE,
  };
}

async function observe(ports: ProvisioningPorts, call: ProvisionCall): Promise<Observed<void>> {
  const place = mustPlace(call);
  const observed = await seeBot(ports, contextOf(call).input, place, call);
  if (observed.status === 'unknown') return { outcome: 'unknown', reason: observed.reason };
  const isRunning = observed.items.some((one) => isAt(place, one) && isUp(one));
  return { outcome: isRunning ? 'landed' : 'absent' };
}

async function removeStarted(ports: ProvisioningPorts, call: ProvisionCall): Promise<void> {
  const place = mustPlace(call);
  const { input } = contextOf(call);
  const observed = await seeBot(ports, input, place, call);
  if (observed.status === 'unknown') throw new RetryableError('BOT_UNSEEN', observed.reason);
  for (const one of observed.items.filter((observedBot) => isAt(place, observedBot))) {
    await ports.bots.remove(input.instanceId, one, call);
  }
}

function mustPlace(call: ProvisionCall): Place {
  const place = placeOf(call);
  if (place !== null) return place;
  throw new HoldError('LOG_UNREADABLE', 'the log does not say where the bot was put');
}
