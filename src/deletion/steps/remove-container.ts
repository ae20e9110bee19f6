// Step 6: what is left of the bot goes. Best effort: the money is back, and what cannot be removed now is
// the tombstone's business, which never ends before "gone" was observed (I1).

import type { RetriableStep } from '../../saga/definition.ts';
import { RetryableError, TerminalError } from '../../saga/errors.ts';
import { finishTombstone } from '../finish-tombstone.ts';
import { capturedBot, type DeletionPorts, hasGivenUpStop, STEP, sceneOf } from './step-ports.ts';

const REMOVE_RETRY = { attempts: 2, baseMs: 200, capMs: 500 } as const;
const REMOVE_TIMEOUT_MS = 15_000;

export function createRemoveContainerStep(ports: DeletionPorts): RetriableStep {
  return {
    kind: 'retriable',
    name: STEP.remove,
    bestEffort: true,
    retry: REMOVE_RETRY,
    timeoutMs: REMOVE_TIMEOUT_MS,
    run: async (call) => {
      if (hasGivenUpStop(call)) {
        throw new TerminalError('LEFT_TO_TOMBSTONE', 'the bot could not be stopped in time');
      }
      const { tombstone, input } = sceneOf(call);
      const sightings = capturedBot(call)?.sightings ?? null;
      const { signal, fence } = call;
      const look = await finishTombstone(
        ports,
        { ...tombstone, firebaseUid: input.firebaseUid, sightings },
        { signal, fence },
      );
      if (!look.gone) throw new RetryableError('NOT_GONE_YET', look.reason);
      await ports.tombstones.end(tombstone);
      return {};
    },
  };
}
