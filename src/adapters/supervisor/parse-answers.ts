// What supervisorctl's answers mean. Its exit codes mean several things each (4: unknown program, or no
// supervisord at all), so the code AND the text must match; whatever does not is `unclear`, and nobody
// may read an unclear answer as "not there" (I4). Pure; supervisor 4.2.

import type { ProgramState } from '../../domain/bot.ts';

export interface CtlResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Unclear {
  readonly status: 'unclear';
  readonly reason: string;
}

export type StatusAnswer =
  | { readonly status: 'known'; readonly state: ProgramState }
  | { readonly status: 'absent' }
  | Unclear;

export type StatusListAnswer =
  | { readonly status: 'ok'; readonly programs: ReadonlyMap<string, ProgramState> }
  | Unclear;

export type VerbAnswer<Outcome extends string> = { readonly status: Outcome } | Unclear;

const STATES: ReadonlySet<string> = new Set<ProgramState>([
  'STOPPED',
  'STARTING',
  'RUNNING',
  'BACKOFF',
  'STOPPING',
  'EXITED',
  'FATAL',
]);

/** `supervisorctl status <program>`: 0 while it is active, 3 at rest, 4 when supervisord has none. */
export function parseStatus(program: string, result: CtlResult): StatusAnswer {
  const lines = linesOf(result);
  const [line] = lines;
  if (line === undefined || lines.length !== 1) return unclear('status', result);
  if (result.exitCode === 4 && line === `${program}: ERROR (no such process)`) {
    return { status: 'absent' };
  }
  const row = parseRow(line);
  if (row === undefined || row.program !== program) return unclear('status', result);
  return isStatusCode(result.exitCode)
    ? { status: 'known', state: row.state }
    : unclear('status', result);
}

/** `supervisorctl status`: every line must be a program's, or none of them counts. */
export function parseStatusList(result: CtlResult): StatusListAnswer {
  if (!isStatusCode(result.exitCode)) return unclear('status', result);
  // A line without its end may be half a line.
  if (result.stdout !== '' && !result.stdout.endsWith('\n')) return unclear('status', result);
  const programs = new Map<string, ProgramState>();
  for (const line of linesOf(result)) {
    const row = parseRow(line);
    if (row === undefined) return unclear('status', result);
    programs.set(row.program, row.state);
  }
  return { status: 'ok', programs };
}

export type StopOutcome = 'stopped' | 'not-running' | 'no-such-program';

export function parseStop(program: string, result: CtlResult): VerbAnswer<StopOutcome> {
  return match('stop', result, [
    [0, `${program}: stopped`, 'stopped'],
    [0, `${program}: ERROR (not running)`, 'not-running'],
    [1, `${program}: ERROR (no such process)`, 'no-such-program'],
  ]);
}

export type RemoveOutcome = 'removed' | 'still-running' | 'no-such-program';

export function parseRemove(program: string, result: CtlResult): VerbAnswer<RemoveOutcome> {
  return match('remove', result, [
    [0, `${program}: removed process group`, 'removed'],
    [1, `ERROR: process/group still running: ${program}`, 'still-running'],
    [1, `ERROR: no such process/group: ${program}`, 'no-such-program'],
  ]);
}

export type AddOutcome = 'added' | 'already-there' | 'no-such-program';

export function parseAdd(program: string, result: CtlResult): VerbAnswer<AddOutcome> {
  return match('add', result, [
    [0, `${program}: added process group`, 'added'],
    [0, 'ERROR: process group already active', 'already-there'],
    [1, `ERROR: no such process/group: ${program}`, 'no-such-program'],
  ]);
}

export type StartOutcome = 'started' | 'already-started' | 'failed' | 'no-such-program';

export function parseStart(program: string, result: CtlResult): VerbAnswer<StartOutcome> {
  const line = linesOf(result).at(-1) ?? '';
  // supervisorctl 4.2 gives 7 for a program that did not come up; its text says which way it failed.
  if (
    result.exitCode !== 0 &&
    START_FAILURES.some((why) => line === `${program}: ERROR (${why})`)
  ) {
    return { status: 'failed' };
  }
  return match('start', result, [
    [0, `${program}: started`, 'started'],
    [0, `${program}: ERROR (already started)`, 'already-started'],
    [1, `${program}: ERROR (no such process)`, 'no-such-program'],
  ]);
}

const START_FAILURES = [
  'spawn error',
  'abnormal termination',
  'no such file',
  'file is not executable',
];

/** `supervisorctl reread`: reads the conf files and changes no process. A conf file of any bot that
 * cannot be parsed makes it fail for all. */
export function parseReread(result: CtlResult): VerbAnswer<'read'> {
  const isExpected = linesOf(result).every(
    (line) =>
      line === 'No config updates to processes' ||
      /^\S+: (available|changed|disappeared)$/.test(line),
  );
  return result.exitCode === 0 && isExpected ? { status: 'read' } : unclear('reread', result);
}

function match<Outcome extends string>(
  verb: string,
  result: CtlResult,
  known: readonly (readonly [exitCode: number, line: string, outcome: Outcome])[],
): VerbAnswer<Outcome> {
  const lines = linesOf(result);
  const hit = known.find(
    ([exitCode, line]) => result.exitCode === exitCode && lines.length === 1 && lines[0] === line,
  );
  return hit === undefined ? unclear(verb, result) : { status: hit[2] };
}

function parseRow(line: string): { program: string; state: ProgramState } | undefined {
  const [, name, state] = /^(\S+)\s+([A-Z]+)(?:\s|$)/.exec(line) ?? [];
  if (name === undefined || state === undefined || !STATES.has(state)) return undefined;
  // A group of one program is shown by its name alone; others as group:program.
  return { program: name, state: state as ProgramState };
}

function isStatusCode(exitCode: number): boolean {
  return exitCode === 0 || exitCode === 3;
}

function linesOf({ stdout }: CtlResult): string[] {
  return stdout.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
}

function unclear(verb: string, { exitCode, stdout, stderr }: CtlResult): Unclear {
  const said = `${stdout.trim()} ${stderr.trim()}`.trim().slice(0, 200);
  return { status: 'unclear', reason: `supervisorctl ${verb} ended with ${exitCode}: ${said}` };
}
