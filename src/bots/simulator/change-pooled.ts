// A simulated program under a simulated supervisord: stop, restore, remove, with the rules of the real
// one: a program that was active is taken out, one that was at rest stays known, and nothing can be
// changed in a pool that does not run.

import { InDoubtError, RetryableError } from '@reclaim/saga';
import type { ObservedPooled, ProgramState } from '../../domain/bot.ts';
import type { FencedCall } from '../bots.ts';
import { refuseDead, type Simulation } from './simulation.ts';
import { takeTime } from './take-time.ts';
import type { PoolDocument, PooledDocument, WorldDocument } from './world-documents.ts';

const AT_REST: ReadonlySet<ProgramState | 'absent'> = new Set([
  'STOPPED',
  'EXITED',
  'FATAL',
  'STOPPING',
]);

export function changePooled(
  { apply, injectedFaults }: Simulation,
  observed: ObservedPooled,
  met: readonly WorldDocument[],
  call: FencedCall,
) {
  const pool = met.find((document): document is PoolDocument => document.kind === 'pool');
  const bot = met.find((document): document is PooledDocument => document.kind === 'pooled');
  const isHere = bot !== undefined && pool !== undefined && bot.pool === pool.containerName;
  const here = isHere ? { bot, pool } : undefined;
  const filter = { _id: bot?._id ?? '', pool: observed.containerName };
  const set = (fields: Partial<Pick<PooledDocument, 'conf' | 'program' | 'killed'>>) =>
    apply({ updateOne: { filter, update: { $set: fields } } }, met, call);

  const stopProgram = async (bot: PooledDocument) => {
    if (bot.program === 'absent' || AT_REST.has(bot.program)) return;
    if (!(await injectedFaults.refusesToStop(met))) {
      // Nobody but supervisord itself cuts that short.
      if (await takeTime(bot, undefined, call.signal)) await set({ killed: true });
      return;
    }
    if (bot.conf === 'present') await set({ conf: 'aside' });
    throw new InDoubtError('SIMULATED_STILL_RUNNING', `${bot._id} did not stop`);
  };

  // Stopped, and nothing else of it touched.
  const stopEntangled = async (bot: PooledDocument, why: string) => {
    if (bot.program !== 'absent' && !AT_REST.has(bot.program)) await set({ program: 'STOPPED' });
    const message = `its programs are stopped, but cannot be taken out of supervisord: ${why}`;
    throw new RetryableError('PROGRAM_ENTANGLED', message);
  };

  return {
    stop: async (): Promise<'stopped' | 'gone'> => {
      if (here === undefined) return 'gone';
      if (!here.pool.running) return 'stopped';
      refuseDead(met);
      if (here.bot.entangled !== undefined) await stopEntangled(here.bot, here.bot.entangled);
      await stopProgram(here.bot);
      const conf = here.bot.conf === 'present' ? 'aside' : here.bot.conf;
      const program = programAfterStop(here.bot, observed);
      if (conf !== here.bot.conf || program !== here.bot.program) await set({ conf, program });
      return 'stopped';
    },
    restore: async (): Promise<'restored' | 'gone'> => {
      if (here === undefined) return 'gone';
      refuseDead(met);
      const { bot, pool } = here;
      const isBack = bot.conf === 'aside' && observed.conf === 'present';
      if (isBack && !pool.running) throw notRunning(pool);
      const wasActive = observed.program !== 'absent' && !AT_REST.has(observed.program);
      const isActive = bot.program !== 'absent' && !AT_REST.has(bot.program);
      const program = pool.running && wasActive && !isActive ? 'RUNNING' : bot.program;
      if (isBack || program !== bot.program) {
        await set({ conf: isBack ? 'present' : bot.conf, program });
      }
      return 'restored';
    },
    remove: async (): Promise<'removed' | 'gone'> => {
      if (here === undefined) return 'gone';
      if (!here.pool.running) throw notRunning(here.pool);
      refuseDead(met);
      if (here.bot.entangled !== undefined) await stopEntangled(here.bot, here.bot.entangled);
      await stopProgram(here.bot);
      await apply({ deleteOne: { filter } }, met, call);
      return 'removed';
    },
  };
}

/** A program without a conf file stays known: supervisord's memory is all there is to restore from. */
function programAfterStop(
  { program, conf }: PooledDocument,
  captured: ObservedPooled,
): PooledDocument['program'] {
  if (program === 'absent') return 'absent';
  if (conf !== 'gone' && !AT_REST.has(captured.program)) return 'absent';
  return AT_REST.has(program) ? program : 'STOPPED';
}

function notRunning({ containerName }: PoolDocument): RetryableError {
  const message = `pool container ${containerName} does not run`;
  return new RetryableError('POOL_NOT_RUNNING', message);
}
