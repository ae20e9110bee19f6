// supervisorctl in a pool container, as calls with clear answers. How a command reaches it, and how its answer comes
// back, is not its business: `run` is given. A command is a line of words; none of them can hold a blank or a
// line break, because a program's name is made of a checked id.

import type { ProgramState } from '../../domain/bot.ts';
import { InDoubtError, RetryableError } from '../../saga/errors.ts';
import {
  type AddOutcome,
  parseAdd,
  parseRemove,
  parseReread,
  parseStart,
  parseStatus,
  parseStatusList,
  parseStop,
  type RemoveOutcome,
  type StartOutcome,
  type StopOutcome,
  type Unclear,
} from './parse-answers.ts';
import { programName } from './program-names.ts';

export interface Supervisorctl {
  readonly status: (instanceId: string) => Promise<ProgramState | 'absent'>;
  readonly statusAll: () => Promise<ReadonlyMap<string, ProgramState>>;
  readonly stop: (instanceId: string) => Promise<StopOutcome>;
  readonly remove: (instanceId: string) => Promise<RemoveOutcome>;
  readonly reread: () => Promise<void>;
  readonly add: (instanceId: string) => Promise<AddOutcome>;
  readonly start: (instanceId: string) => Promise<StartOutcome>;
  /** The same without waiting until the program counts as running: `sent` when it was not waited for that long. */
  readonly startSoon: (instanceId: string) => Promise<StartOutcome | 'sent'>;
}

export interface SupervisorctlOptions {
  /** Gives one line to supervisorctl and waits for all that it prints; `kind` decides fencing and what a
   * lost answer means. */
  readonly run: (
    line: string,
    options: { readonly kind: 'read' | 'change'; readonly deadlineMs: number },
  ) => Promise<string>;
  readonly commandMs: number;
  /** For stop and start, which wait for the program. */
  readonly programMs: number;
}

/** Every method throws InDoubtError `SUPERVISOR_UNCLEAR` for an answer it does not know. */
export function createSupervisorctl({
  run,
  commandMs,
  programMs,
}: SupervisorctlOptions): Supervisorctl {
  const ctl = (kind: 'read' | 'change', deadlineMs: number, ...words: readonly string[]) =>
    run(words.join(' '), { kind, deadlineMs });

  return {
    status: async (instanceId) => {
      const program = programName(instanceId);
      const answer = clear(parseStatus(program, await ctl('read', commandMs, 'status', program)));
      return answer.status === 'absent' ? 'absent' : answer.state;
    },
    statusAll: async () => clear(parseStatusList(await ctl('read', commandMs, 'status'))).programs,
    stop: async (instanceId) => {
      const program = programName(instanceId);
      return clear(parseStop(program, await ctl('change', programMs, 'stop', program))).status;
    },
    remove: async (instanceId) => {
      const program = programName(instanceId);
      return clear(parseRemove(program, await ctl('change', commandMs, 'remove', program))).status;
    },
    reread: async () => {
      const answer = parseReread(await ctl('change', commandMs, 'reread'));
      if (answer.status === 'unclear') throw new RetryableError('SUPERVISOR_REREAD', answer.reason);
    },
    add: async (instanceId) => {
      const program = programName(instanceId);
      return clear(parseAdd(program, await ctl('change', commandMs, 'add', program))).status;
    },
    start: async (instanceId) => {
      const program = programName(instanceId);
      return clear(parseStart(program, await ctl('change', programMs, 'start', program))).status;
    },
    startSoon: async (instanceId) => {
      const program = programName(instanceId);
      try {
        return clear(parseStart(program, await ctl('change', SOON_MS, 'start', program))).status;
      } catch (error) {
        if (isLate(error)) return 'sent';
        throw error;
      }
    },
  };
}

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
