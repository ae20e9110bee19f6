// What supervisorctl's answers mean, by their text alone: an interactive supervisorctl gives no exit codes, and
// those it gives otherwise mean several things each (4: unknown program, or no supervisord at all). Every
// text that counts names what was asked; whatever does not match is `unclear`, and no caller may read an
// unclear answer as "not there" (I4). Pure; supervisor 4.2.

import { type KnownProgram, PROGRAM_STATES, type ProgramState } from '../../domain/bot.ts';

export interface Unclear {
  readonly status: 'unclear';
  readonly reason: string;
}

export type StatusListAnswer =
  | { readonly status: 'ok'; readonly programs: readonly KnownProgram[] }
  | Unclear;

export type VerbAnswer<Outcome extends string> = { readonly status: Outcome } | Unclear;

const STATES: ReadonlySet<string> = new Set(PROGRAM_STATES);

/** `status`: every line must be a program's, each of another, or none of them counts. No line at all is no program: where
 * supervisord did not answer, a line says so. */
export function parseStatusList(text: string): StatusListAnswer {
  // A line without its end may be half a line.
  if (text !== '' && !text.endsWith('\n')) return unclear('status', text);
  const programs: KnownProgram[] = [];
  for (const line of linesOf(text)) {
    const row = parseRow(line);
    if (row === undefined) return unclear('status', text);
    programs.push(row);
  }
  // supervisord has each name once: of two rows, one is something else's text.
  if (new Set(programs.map(({ name }) => name)).size < programs.length)
    return unclear('status', text);
  return { status: 'ok', programs };
}

export type StopOutcome = 'stopped' | 'not-running' | 'no-such-program';

export function parseStop(program: string, text: string): VerbAnswer<StopOutcome> {
  return match('stop', text, [
    [`${program}: stopped`, 'stopped'],
    [`${program}: ERROR (not running)`, 'not-running'],
    [`${program}: ERROR (no such process)`, 'no-such-program'],
  ]);
}

export type RemoveOutcome = 'removed' | 'still-running' | 'no-such-program';

export function parseRemove(group: string, text: string): VerbAnswer<RemoveOutcome> {
  return match('remove', text, [
    [`${group}: removed process group`, 'removed'],
    [`ERROR: process/group still running: ${group}`, 'still-running'],
    [`ERROR: no such process/group: ${group}`, 'no-such-program'],
  ]);
}

export type AddOutcome = 'added' | 'already-there' | 'no-such-program';

export function parseAdd(group: string, text: string): VerbAnswer<AddOutcome> {
  return match('add', text, [
    [`${group}: added process group`, 'added'],
    ['ERROR: process group already active', 'already-there'],
    [`ERROR: no such process/group: ${group}`, 'no-such-program'],
  ]);
}

export type StartOutcome = 'started' | 'already-started' | 'failed' | 'no-such-program';

export function parseStart(program: string, text: string): VerbAnswer<StartOutcome> {
  return match('start', text, [
    [`${program}: started`, 'started'],
    [`${program}: ERROR (already started)`, 'already-started'],
    [`${program}: ERROR (no such process)`, 'no-such-program'],
    ...START_FAILURES.map((why) => [`${program}: ERROR (${why})`, 'failed'] as const),
  ]);
}

const START_FAILURES = [
  'spawn error',
  'abnormal termination',
  'no such file',
  'file is not executable',
];

/** `reread`: reads the conf files and changes no process. A conf file of any bot that cannot be parsed
 * makes it fail for all. */
export function parseReread(text: string): VerbAnswer<'read'> {
  const lines = linesOf(text);
  const isExpected = lines.every(
    (line) =>
      line === 'No config updates to processes' ||
      /^[^ ]+: (available|changed|disappeared)$/.test(line),
  );
  return lines.length > 0 && isExpected ? { status: 'read' } : unclear('reread', text);
}

function match<Outcome extends string>(
  verb: string,
  text: string,
  known: readonly (readonly [line: string, outcome: Outcome])[],
): VerbAnswer<Outcome> {
  const said = onlyLineOf(text);
  const hit = known.find(([line]) => line === said);
  return hit === undefined ? unclear(verb, text) : { status: hit[1] };
}

// supervisorctl pads with spaces; every other blank may be a part of a program's name.
function parseRow(line: string): KnownProgram | undefined {
  const [, name, state] = /^([^ ]+) +([A-Z]+)(?: |$)/.exec(line) ?? [];
  if (name === undefined || state === undefined || !STATES.has(state)) return undefined;
  // A group of one program is shown by its name alone; others as group:program.
  return { name, state: state as ProgramState };
}

function onlyLineOf(text: string): string | undefined {
  const lines = linesOf(text);
  return lines.length === 1 ? lines[0] : undefined;
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map(withoutPadding)
    .filter((line) => line !== '');
}

// No expression for the end: one with `+$` takes the square of a long run of spaces.
function withoutPadding(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\r')) end -= 1;
  return line.slice(0, end).replace(/^ +/, '');
}

function unclear(verb: string, text: string): Unclear {
  const said = text.trim().slice(0, 200);
  return { status: 'unclear', reason: `supervisorctl ${verb} said: ${said}` };
}
