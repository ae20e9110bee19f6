// Makes the simulated world go wrong as its documents say, so that it is never kinder than Docker: calls
// that hang until their deadline, refused connections, answers that cannot tell, lost replies.

import { InDoubtError, pause, UnavailableError } from '@reclaim/saga';
import type { WorldCalls } from './world-calls.ts';
import type { InjectedFault, WorldDocument } from './world-documents.ts';

export type InjectedFaults = ReturnType<typeof createInjectedFaults>;

export function createInjectedFaults(calls: WorldCalls, deadlineMs: number) {
  /** Whether one of them misbehaves so; a counted misbehaviour is used up by it. */
  const isHit = async (met: readonly WorldDocument[], kind: keyof InjectedFault) => {
    const culprit = met.find(({ injectFaults }) => isActive(injectFaults?.[kind]));
    if (culprit === undefined) return false;
    if (typeof culprit.injectFaults?.[kind] === 'number') {
      const filter = { _id: culprit._id, [`injectFaults.${kind}`]: { $gt: 0 } };
      const update = { $inc: { [`injectFaults.${kind}`]: -1 } };
      await calls.change({ updateOne: { filter, update } });
    }
    return true;
  };
  const refuse = async (
    met: readonly WorldDocument[],
    kind: 'unreachable' | 'unreachableAtStart' = 'unreachable',
  ) => {
    if (!(await isHit(met, kind))) return;
    throw new UnavailableError('SIMULATED_UNREACHABLE', 'the simulated host refuses connections');
  };

  return {
    /** Before a read is answered. @throws UnavailableError, InDoubtError */
    beforeRead: async (met: readonly WorldDocument[], signal: AbortSignal): Promise<void> => {
      if (met.every(behaves)) return;
      await refuse(met);
      if (await isHit(met, 'hang')) {
        await pause(deadlineMs, signal);
        const message = `the simulated host did not answer within ${deadlineMs} ms`;
        throw new UnavailableError('SIMULATED_TIMEOUT', message);
      }
      if (!(await isHit(met, 'unknown'))) return;
      throw new InDoubtError('SIMULATED_UNKNOWN', 'the simulated host cannot tell');
    },
    /** Before a change is made. @throws UnavailableError, InDoubtError */
    beforeChange: async (met: readonly WorldDocument[], signal: AbortSignal): Promise<void> => {
      if (met.every(behaves)) return;
      await refuse(met);
      if (!(await isHit(met, 'hang'))) return;
      await pause(deadlineMs, signal);
      const message = `the simulated host did not answer within ${deadlineMs} ms`;
      throw new InDoubtError('SIMULATED_TIMEOUT', message);
    },
    /** Before the start of a new bot is begun. @throws UnavailableError */
    beforeStart: (met: readonly WorldDocument[]): Promise<void> =>
      refuse(met, 'unreachableAtStart'),
    /** After a change was made. @throws InDoubtError */
    afterChange: async (met: readonly WorldDocument[]): Promise<void> => {
      if (met.every(behaves) || !(await isHit(met, 'loseReply'))) return;
      throw new InDoubtError('SIMULATED_REPLY_LOST', 'the answer of the simulated host was lost');
    },
    refusesToStop: (met: readonly WorldDocument[]): Promise<boolean> => isHit(met, 'refuseStop'),
    refusesToStart: (met: readonly WorldDocument[]): Promise<boolean> => isHit(met, 'refuseStart'),
  };
}

function behaves({ injectFaults }: WorldDocument): boolean {
  return injectFaults === undefined;
}

/** A counted misbehaviour that is used up is none. */
export function isActive(times: true | number | undefined): boolean {
  return times === true || (typeof times === 'number' && times > 0);
}
