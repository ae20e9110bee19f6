// The supervisord of a simulated pool, in the words of its supervisorctl: a program that is stopped takes its time, one
// that runs cannot be taken out, and `add` starts what it adds.

import { pause } from '@reclaim/saga';
import { type ProgramState, USUAL_STOP_SECONDS } from '../../domain/bot.ts';
import { groupOf } from '../supervisor/program-names.ts';
import type { Pool } from './simulated-pool.ts';
import { namesOf, type PooledDocument } from './world-documents.ts';

const ACTIVE: ReadonlySet<ProgramState | 'absent'> = new Set(['RUNNING', 'STARTING', 'BACKOFF']);

/** Whether supervisorctl knows what the line asks for. */
export function isVerb(line: string): boolean {
  return VERBS.has(line.split(' ')[0] ?? '');
}

/** What it prints for one line. */
export async function runVerb(pool: Pool, line: string, signal: AbortSignal): Promise<string> {
  const [verb, name = ''] = line.split(' ');
  if (pool.supervisord === 'dead') return 'unix:///var/run/supervisor.sock no such file\n';
  const isKnown = (bot: PooledDocument) => bot.program !== 'absent';
  const named = pool.bots.find((bot) => isKnown(bot) && namesOf(bot).includes(name));
  switch (verb) {
    case 'status':
      return statusOf(pool);
    case 'reread':
      return 'No config updates to processes\n';
    case 'stop':
      return `${name}: ${named === undefined ? NO_PROCESS : await stop(pool, named, signal)}\n`;
    case 'start':
      return `${name}: ${named === undefined ? NO_PROCESS : await start(pool, named)}\n`;
    case 'add': {
      const bot = pool.bots.find((one) => one.conf === 'present' && isOfGroup(one, name));
      if (bot === undefined) return `ERROR: no such process/group: ${name}\n`;
      if (isKnown(bot)) return 'ERROR: process group already active\n';
      await start(pool, bot);
      return `${name}: added process group\n`;
    }
    default: {
      const bot = pool.bots.find((one) => isKnown(one) && isOfGroup(one, name));
      if (bot === undefined) return `ERROR: no such process/group: ${name}\n`;
      if (ACTIVE.has(bot.program)) return `ERROR: process/group still running: ${name}\n`;
      await takeOut(pool, bot);
      return `${name}: removed process group\n`;
    }
  }
}

const VERBS: ReadonlySet<string> = new Set(['status', 'reread', 'stop', 'start', 'add', 'remove']);
const NO_PROCESS = 'ERROR (no such process)';

function isOfGroup(bot: PooledDocument, group: string): boolean {
  return namesOf(bot).some((name) => groupOf(name) === group);
}

function statusOf({ bots, strangers }: Pool): string {
  const rows = bots.flatMap((bot) => {
    const { program } = bot;
    return program === 'absent' ? [] : namesOf(bot).map((name) => ({ name, state: program }));
  });
  return [...rows, ...strangers.map((name) => ({ name, state: 'RUNNING' }))]
    .map(({ name, state }) => `${name.padEnd(32)} ${state}\n`)
    .join('');
}

async function stop(pool: Pool, bot: PooledDocument, signal: AbortSignal): Promise<string> {
  if (!ACTIVE.has(bot.program)) return 'ERROR (not running)';
  if (await pool.isHit(bot, 'refuseStop')) return 'ERROR (it runs on)';
  // Only supervisord itself cuts that short.
  const { stopSeconds = USUAL_STOP_SECONDS, needsSeconds = 0 } = bot;
  if (needsSeconds > 0) await pool.flush();
  await pause(1_000 * Math.min(needsSeconds, stopSeconds), signal);
  if (signal.aborted) throw new Error('the session has ended');
  const killed = needsSeconds > stopSeconds ? { killed: true } : {};
  await pool.change(bot, { ...bot, program: 'STOPPED', ...killed });
  return 'stopped';
}

async function start(pool: Pool, bot: PooledDocument): Promise<string> {
  if (ACTIVE.has(bot.program)) return 'ERROR (already started)';
  const fails = await pool.isHit(bot, 'refuseStart');
  await pool.change(bot, { ...bot, program: fails ? 'FATAL' : 'RUNNING' });
  return fails ? 'ERROR (spawn error)' : 'started';
}

// Where its conf file is gone too, nothing is left of it.
function takeOut(pool: Pool, bot: PooledDocument): Promise<void> {
  return pool.change(bot, bot.conf === 'gone' ? null : { ...bot, program: 'absent' });
}
