// Processes that change one pool state, a file or documents, and the oracle over them: what was acknowledged is there.

import { createGate } from '../../../packages/saga/test/support/saga-world.ts';
import type { PoolState } from '../../../src/pool-state/pool-state.ts';
import type { PoolStates } from '../../../src/pool-state/pool-states.ts';
import { createPoolDatabase } from '../../support/pool-documents.ts';
import { createPoolFileFolder } from '../../support/pool-file.ts';
import { samplePoolState } from '../../support/pool-state-samples.ts';
import { type Breaches, breaches, type Part } from '../bite.ts';
import { createNaivePoolDocuments } from './naive-pool-documents.ts';
import { createNaivePoolStates } from './naive-pool-states.ts';

/** For a writer that meets a lock which is held, as it should. */
export const GIVES_UP_MS = 300;
const WAITS_MS = 20_000;

interface Writers {
  /** Another process takes the bot out of the state; it stands still before its write, in the file's lock, until it is
   * told to go on. */
  begin(
    bot: string,
    lockTimeoutMs?: number,
  ): {
    readonly isInside: Promise<void>;
    readonly ended: Promise<void>;
    advance(): void;
  };
}

export async function twoWriters(
  part: Part,
  play: (writers: Writers, lock: string) => Promise<void>,
): Promise<Breaches> {
  const folder = await createPoolFileFolder(samplePoolState(3));
  const { file } = folder;
  return judge({
    open: (lockTimeoutMs) =>
      part === 'twin' ? createNaivePoolStates(file) : folder.open({ lockTimeoutMs }),
    stored: () => folder.stored(),
    play: (writers) => play(writers, `${file}.lock`),
  });
}

/** The same with the pool state in MongoDB. */
export async function twoWritersOfDocuments(
  part: Part,
  play: (writers: Writers) => Promise<void>,
): Promise<Breaches> {
  const database = await createPoolDatabase(samplePoolState(3));
  const naive = () => createNaivePoolDocuments(database.connection);
  const open = () => (part === 'twin' ? naive() : database.open());
  return judge({ open, stored: database.stored, play });
}

interface ExecutionContext {
  open(lockTimeoutMs: number): PoolStates;
  stored(): Promise<PoolState>;
  play(writers: Writers): Promise<void>;
}

async function judge({ open, stored, play }: ExecutionContext): Promise<Breaches> {
  const acknowledged: string[] = [];
  const begin: Writers['begin'] = (bot, lockTimeoutMs = WAITS_MS) => {
    const gate = createGate();
    const change: Parameters<PoolStates['mutate']>[0]['change'] = (state) => {
      const { [bot]: _, ...botMapping } = state.botMapping;
      return { ...state, botMapping };
    };
    const signal = new AbortController().signal;
    const ended = open(lockTimeoutMs)
      .mutate({ change, fence: gate.pass, signal })
      .then(
        () => void acknowledged.push(bot),
        // Refused is truthful: nothing was promised.
        () => undefined,
      );
    return { isInside: gate.reached, ended, advance: gate.open };
  };
  await play({ begin });
  const { botMapping } = await stored();
  return breaches({
    'the scenario has changed nothing': acknowledged.length === 0,
    'a change that was acknowledged is lost': acknowledged.some((bot) => bot in botMapping),
  });
}
