// supervisorctl in a pool container, as calls with clear answers. It is run under `timeout`, so that a
// frozen supervisord does not collect one hanging supervisorctl per look inside the user's container;
// an image without `timeout` gets the plain command. How a command reaches the container is not its
// business: `run` is given.

import type { ProgramState } from '../../domain/bot.ts';
import { InDoubtError, RetryableError } from '../../saga/errors.ts';
import {
  type AddOutcome,
  type CtlResult,
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
  /** The same without waiting until the program counts as running: `sent` when supervisorctl had to be ended while it
   * waited for that. */
  readonly startSoon: (instanceId: string) => Promise<StartOutcome | 'sent'>;
}

export interface SupervisorctlOptions {
  /** Runs an argv in the container; `kind` decides fencing and what a lost answer means. */
  readonly run: (
    argv: readonly string[],
    options: { readonly kind: 'read' | 'change'; readonly deadlineMs: number },
  ) => Promise<CtlResult>;
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
  const ctl = async (kind: 'read' | 'change', deadlineMs: number, ...args: readonly string[]) => {
    const seconds = Math.ceil(deadlineMs / 1000);
    return ctlFor(seconds, { kind, deadlineMs }, args);
  };
  const ctlFor = async (
    seconds: number,
    options: Parameters<typeof run>[1],
    args: readonly string[],
  ) => {
    const command = ['supervisorctl', ...args];
    const result = await run(['timeout', String(seconds), ...command], options);
    return isWithoutTimeout(result) ? run(command, options) : result;
  };

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
      const options = { kind: 'change', deadlineMs: SOON_DEADLINE_MS } as const;
      const result = await ctlFor(SOON_SECONDS, options, ['start', program]);
      return result.exitCode === TIMED_OUT ? 'sent' : clear(parseStart(program, result)).status;
    },
  };
}

/** supervisord has the order long before; what supervisorctl waits for is the program's startsecs. */
const SOON_SECONDS = 2;
/** Until Docker has told that it was ended. */
const SOON_DEADLINE_MS = 4_500;
/** What `timeout` ends with when it had to end its command. */
const TIMED_OUT = 124;

function isWithoutTimeout({ exitCode, stdout, stderr }: CtlResult): boolean {
  const isMissing = /"timeout": executable file not found/.test(`${stdout}${stderr}`);
  return (exitCode === 126 || exitCode === 127) && isMissing;
}

function clear<Answer extends { readonly status: string }>(
  answer: Answer | Unclear,
): Exclude<Answer, Unclear> {
  if (answer.status === 'unclear') {
    throw new InDoubtError('SUPERVISOR_UNCLEAR', (answer as Unclear).reason);
  }
  return answer as Exclude<Answer, Unclear>;
}
