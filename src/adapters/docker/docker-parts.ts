// One host as the bots' operations use it: containers, conf folders, supervisord.

import type { BotsCall, FencedCall } from '../../deletion/ports/bots.ts';
import { createSupervisorctl, type Supervisorctl } from '../supervisor/supervisorctl.ts';
import { type ConfFolder, createConfFolder } from './conf-folder.ts';
import { type Containers, createContainers } from './containers.ts';
import type { Deadlines } from './deadlines.ts';
import { execChange, execRead } from './exec.ts';
import type { HostCalls } from './host-calls.ts';

export interface DockerParts {
  /** As in DOCKER_HOSTS. */
  readonly name: string;
  readonly containers: Containers;
  readonly conf: ConfFolder;
  /** For looking only: the verbs that change something throw. */
  readonly supervisorReader: (containerId: string, call: BotsCall) => Supervisorctl;
  readonly supervisor: (containerId: string, call: FencedCall) => Supervisorctl;
  readonly deadlines: Deadlines;
}

export function createDockerParts(
  host: HostCalls,
  supervisorConfDir: string,
  deadlines: Deadlines,
): DockerParts {
  const { commandMs, programMs } = deadlines;
  return {
    name: host.name,
    containers: createContainers(host, deadlines),
    conf: createConfFolder(host, supervisorConfDir, deadlines),
    supervisorReader: (containerId, call) =>
      createSupervisorctl({
        commandMs,
        programMs,
        run: (argv, { kind, deadlineMs }) => {
          if (kind === 'change') throw new Error(`a reader was asked to run ${argv.join(' ')}`);
          return execRead(host, { containerId, argv, deadlineMs }, call);
        },
      }),
    supervisor: (containerId, call) =>
      createSupervisorctl({
        commandMs,
        programMs,
        run: (argv, { kind, deadlineMs }) => {
          const command = { containerId, argv, deadlineMs };
          return kind === 'read' ? execRead(host, command, call) : execChange(host, command, call);
        },
      }),
    deadlines,
  };
}
