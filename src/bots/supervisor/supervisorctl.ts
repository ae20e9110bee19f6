// supervisorctl in a pool container, as calls with clear answers. How a command reaches it, and how its answer comes
// back, is not its business: `run` is given. A command is a line of words; none of them can hold what splits it,
// because a program's name is checked.

import { InDoubtError, RetryableError } from '@reclaim/saga';
import type { KnownProgram } from '../../domain/bot.ts';
import {
  type AddOutcome,
  parseAdd,
  parseRemove,
  parseReread,
  parseStart,
  parseStatusList,
  parseStop,
  type RemoveOutcome,
  type StartOutcome,
  type StopOutcome,
  type Unclear,
} from './parse-answers.ts';
import { processOf } from './program-names.ts';

export interface SupervisorctlOptions {
  /** Gives one line to supervisorctl and waits for all that it prints; `kind` decides fencing and what a
   * lost answer means. */
  readonly run: (
    line: string,
    options: { readonly kind: 'read' | 'change'; readonly deadlineMs: number },
  ) => Promise<string>;
  readonly commandMs: number;
  /** For start, which waits for the program. */
  readonly programMs: number;
  /** For stop, which waits for it too, as long as its owner lets it. */
  readonly stopMs: number;
}

export type Supervisorctl = ReturnType<typeof createSupervisorctl>;

/** Every method throws InDoubtError `SUPERVISOR_UNCLEAR` for an answer it does not know. */
export function createSupervisorctl({ run, commandMs, programMs, stopMs }: SupervisorctlOptions) {
  const ctl = (kind: 'read' | 'change', deadlineMs: number, ...words: readonly string[]) =>
    run(words.join(' '), { kind, deadlineMs });
  const verb = async (deadlineMs: number, word: string, name: string) =>
    ctl('change', deadlineMs, word, checkName(name));

  return {
    /** Every program that supervisord knows. Asked for one by its name, it says "no such process" of one that a group or
     * its conf file calls otherwise. */
    statusAll: async (): Promise<readonly KnownProgram[]> =>
      clear(parseStatusList(await ctl('read', commandMs, 'status'))).programs,
    /** Of a program by its whole name, as `statusAll` gives it. */
    stop: async (name: string): Promise<StopOutcome> =>
      clear(parseStop(name, await verb(stopMs, 'stop', name))).status,
    /** Of a whole group: none of its programs may run. */
    remove: async (group: string): Promise<RemoveOutcome> =>
      clear(parseRemove(group, await verb(commandMs, 'remove', group))).status,
    reread: async (): Promise<void> => {
      const answer = parseReread(await ctl('change', commandMs, 'reread'));
      if (answer.status === 'unclear') throw new RetryableError('SUPERVISOR_REREAD', answer.reason);
    },
    add: async (group: string): Promise<AddOutcome> =>
      clear(parseAdd(group, await verb(commandMs, 'add', group))).status,
    start: async (name: string): Promise<StartOutcome> =>
      clear(parseStart(name, await verb(programMs, 'start', name))).status,
    /** The same without waiting until the program counts as running: `sent` when it was not waited for that long. */
    startSoon: async (name: string): Promise<StartOutcome | 'sent'> => {
      try {
        return clear(parseStart(name, await verb(SOON_MS, 'start', name))).status;
      } catch (error) {
        if (isLate(error)) return 'sent';
        throw error;
      }
    },
  };
}

// supervisorctl takes `all`, `group:*` and `group:` for every program: no single program may be called so. Inside a name a `*`
// is a letter. Source: supervisor 4.2, `split_namespec` and `do_stop`.
function checkName(name: string): string {
  const isOne = /^[^:]+(:[^:]+)?$/.test(name) && name !== 'all' && processOf(name) !== '*';
  if (isOne && !SPLITS.test(name)) return name;
  throw new InDoubtError('PROGRAM_NAME', `not the name of one program: ${JSON.stringify(name)}`);
}

/** What Python's `str.split` takes for the end of a word: every blank of Unicode, and the separators U+001C to U+001F. */
const SPLITS = /[\p{White_Space}\p{Cc}]/u;

/** supervisord has the order long before; what supervisorctl waits for is the program's startsecs. */
const SOON_MS = 2_000;

/** Sent, and not waited for any longer. */
function isLate(error: unknown): boolean {
  return error instanceof InDoubtError && error.code === 'DOCKER_TIMEOUT';
}

function clear<Answer extends { readonly status: string }>(
  answer: Answer | Unclear,
): Exclude<Answer, Unclear> {
  if (answer.status === 'unclear') {
    throw new InDoubtError('SUPERVISOR_UNCLEAR', (answer as Unclear).reason);
  }
  return answer as Exclude<Answer, Unclear>;
}
