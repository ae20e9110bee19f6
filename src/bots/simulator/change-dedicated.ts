// A simulated container of one bot's own: stop, restore, remove. Conditional on the container's id, so a
// container made again under the same name is never touched.

import { InDoubtError } from '@reclaim/saga';
import type { ObservedDedicated } from '../../domain/bot.ts';
import type { FencedCall } from '../bots.ts';
import type { Simulation } from './simulation.ts';
import { takeTime } from './take-time.ts';
import type { DedicatedDocument, WorldDocument } from './world-documents.ts';

export function changeDedicated(
  { apply, injectedFaults, maxStopSeconds }: Simulation,
  observed: ObservedDedicated,
  met: readonly WorldDocument[],
  call: FencedCall,
) {
  const bot = met.find(
    (document): document is DedicatedDocument =>
      document.kind === 'dedicated' && document.containerId === observed.containerId,
  );
  const filter = { _id: bot?._id ?? '', containerId: observed.containerId };
  const set = (fields: Partial<DedicatedDocument>) =>
    apply({ updateOne: { filter, update: { $set: fields } } }, met, call);

  const stop = async (): Promise<'stopped' | 'gone'> => {
    if (bot === undefined) return 'gone';
    if (bot.running && (await injectedFaults.refusesToStop(met))) {
      await set({ restartPolicy: 'no' });
      throw new InDoubtError('SIMULATED_STILL_RUNNING', `${bot.containerName} did not stop`);
    }
    if (!bot.running && bot.restartPolicy === 'no') return 'stopped';
    const ends = bot.running && (await takeTime(bot, maxStopSeconds, call.signal));
    if (bot.running && bot.autoRemove === true) {
      await apply({ deleteOne: { filter } }, met, call);
      return 'stopped';
    }
    const killed = ends ? { killed: true } : {};
    await set({ restartPolicy: 'no', running: false, paused: false, ...killed });
    return 'stopped';
  };

  return {
    stop,
    restore: async (): Promise<'restored' | 'gone'> => {
      if (bot === undefined) return 'gone';
      const { restartPolicy, running, paused } = observed;
      // A bot that was stopped stays as it is: no further than the captured state.
      await set(running ? { restartPolicy, running, paused } : { restartPolicy });
      return 'restored';
    },
    remove: async (): Promise<'removed' | 'gone'> => {
      if (bot === undefined) return 'gone';
      if (bot.running) await stop();
      await apply({ deleteOne: { filter } }, met, call);
      return 'removed';
    },
  };
}
