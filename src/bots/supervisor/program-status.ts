// supervisord's names of programs, `group:process`, or one word where both are the same; and one word for the state of
// a bot that has several.

import type { KnownProgram, ProgramState } from '../../domain/bot.ts';

export function groupOf(name: string): string {
  const at = name.indexOf(':');
  return at < 0 ? name : name.slice(0, at);
}

export function processOf(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

export function groupsOf(programs: readonly KnownProgram[]): readonly string[] {
  return [...new Set(programs.map(({ name }) => groupOf(name)))];
}

/** Of several the liveliest: a bot is at rest when all of it is. */
export function stateOf(programs: readonly KnownProgram[]): ProgramState | 'absent' {
  return LIVELIEST_FIRST.find((state) => programs.some((one) => one.state === state)) ?? 'absent';
}

const LIVELIEST_FIRST: readonly ProgramState[] = [
  'RUNNING',
  'STARTING',
  'BACKOFF',
  'STOPPING',
  'FATAL',
  'EXITED',
  'STOPPED',
];
