// Processes that change one pool state file, and the oracle over them: what was acknowledged is in the file.

import { createPoolFileFolder } from '../../support/pool-file.ts';
import { samplePoolState } from '../../support/pool-state-samples.ts';
import { createGate } from '../../support/saga-world.ts';
import { type Breaches, breaches, type Part } from '../bite.ts';
import { createNaivePoolStates } from './naive-pool-states.ts';

/** For a writer that meets a lock which is held, as it should. */
export const GIVES_UP_MS = 300;
const WAITS_MS = 20_000;

interface Writers {
  /** Another process takes the bot out of the file; it stands still inside the lock until it is told to go on. */
  begin(
    bot: string,
    lockTimeoutMs?: number,
  ): {
    readonly isInside: Promise<void>;
    readonly ended: Promise<void>;
    goOn(): void;
  };
}

export async function twoWriters(
  part: Part,
  play: (writers: Writers, lock: string) => Promise<void>,
): Promise<Breaches> {
  const folder = await createPoolFileFolder(samplePoolState(3));
  const { file } = folder;
  const acknowledged: string[] = [];
  const begin: Writers['begin'] = (bot, lockTimeoutMs = WAITS_MS) => {
    const gate = createGate();
    const states = part === 'twin' ? createNaivePoolStates(file) : folder.open({ lockTimeoutMs });
    const change: Parameters<typeof states.mutate>[0]['change'] = (state) => {
      const { [bot]: _, ...botMapping } = state.botMapping;
      return { ...state, botMapping };
    };
    const signal = new AbortController().signal;
    const ended = states.mutate({ change, fence: gate.pass, signal }).then(
      () => void acknowledged.push(bot),
      // Refused is truthful: nothing was promised.
      () => undefined,
    );
    return { isInside: gate.reached, ended, goOn: gate.open };
  };
  await play({ begin }, `${file}.lock`);
  const { botMapping } = await folder.stored();
  return breaches({
    'the scenario has changed nothing': acknowledged.length === 0,
    'a change that was acknowledged is lost': acknowledged.some((bot) => bot in botMapping),
  });
}
