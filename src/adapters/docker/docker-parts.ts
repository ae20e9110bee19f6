// One host as the bots' operations use it: containers, conf folders, supervisord.

import { randomBytes } from 'node:crypto';
import type { BotsCall, FencedCall } from '../../deletion/ports/bots.ts';
import { createSupervisorctl, type Supervisorctl } from '../supervisor/supervisorctl.ts';
import { type ConfFolder, createConfFolder } from './conf-folder.ts';
import { type Containers, createContainers } from './containers.ts';
import { changeCtl, readCtl } from './ctl-commands.ts';
import { createCtlSessions } from './ctl-sessions.ts';
import type { Deadlines } from './deadlines.ts';
import type { HostCalls } from './host-calls.ts';
import { type BotProgram, createNewPrograms, type NewPrograms } from './new-programs.ts';

export interface DockerParts {
  /** As in DOCKER_HOSTS. */
  readonly name: string;
  readonly containers: Containers;
  readonly conf: ConfFolder;
  readonly newPrograms: NewPrograms;
  /** For looking only: the verbs that change something throw. */
  readonly supervisorReader: (containerId: string, call: BotsCall) => Supervisorctl;
  readonly supervisor: (containerId: string, call: FencedCall) => Supervisorctl;
  readonly deadlines: Deadlines;
  /** Of containers that are made here; undefined: Docker's default. */
  readonly networkMode: string | undefined;
  /** Ends what runs inside containers for us. Idempotent. */
  readonly close: () => void;
}

export interface DockerPartsOptions {
  readonly supervisorConfDir: string;
  readonly deadlines: Deadlines;
  readonly botProgram: BotProgram;
  readonly networkMode: string | undefined;
}

export function createDockerParts(host: HostCalls, options: DockerPartsOptions): DockerParts {
  const { supervisorConfDir, deadlines, networkMode } = options;
  const { commandMs, programMs } = deadlines;
  const sessions = createCtlSessions(host, deadlines, newToken);
  return {
    name: host.name,
    containers: createContainers(host, deadlines),
    conf: createConfFolder(host, supervisorConfDir, deadlines),
    newPrograms: createNewPrograms(host, options),
    supervisorReader: (containerId, call) =>
      createSupervisorctl({
        commandMs,
        programMs,
        run: (line, { kind, deadlineMs }) => {
          if (kind === 'change') throw new Error(`a reader was asked to run ${line}`);
          return readCtl(host, sessions, { containerId, line, deadlineMs }, call);
        },
      }),
    supervisor: (containerId, call) =>
      createSupervisorctl({
        commandMs,
        programMs,
        run: (line, { kind, deadlineMs }) => {
          const command = { containerId, line, deadlineMs };
          return kind === 'read'
            ? readCtl(host, sessions, command, call)
            : changeCtl(host, sessions, command, call);
        },
      }),
    deadlines,
    networkMode,
    close: sessions.close,
  };
}

/** A word of letters and digits that nobody can guess. */
function newToken(): string {
  return `reclaim${randomBytes(8).toString('hex')}`;
}
