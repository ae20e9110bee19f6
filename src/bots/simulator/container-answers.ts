// The containers of the simulated world, in the words of Docker's listing and inspect.

import { LABELS, parsePolicy } from '../docker/container-view.ts';
import type { DedicatedDocument, PoolDocument, WorldDocument } from './world-documents.ts';

export type ContainerDocument = DedicatedDocument | PoolDocument;

export function isContainer(document: WorldDocument): document is ContainerDocument {
  return document.kind === 'dedicated' || document.kind === 'pool';
}

/** What a listing says of one. */
export interface Listed {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly State: string;
}

export function listed(container: ContainerDocument): Listed {
  return {
    Id: container.containerId,
    Names: [`/${container.containerName}`],
    Labels: labelsOf(container),
    State: statusOf(container),
  };
}

export function inspected(container: ContainerDocument): object {
  const {
    stopSeconds,
    autoRemove = false,
    restartPolicy = 'unless-stopped',
  } = container.kind === 'dedicated' ? container : {};
  const { running, containerId, containerName } = container;
  const Status = statusOf(container);
  return {
    Id: containerId,
    Name: `/${containerName}`,
    State: { Status, Running: running, Paused: Status === 'paused', Restarting: false },
    Config: {
      Labels: labelsOf(container),
      ...(stopSeconds === undefined ? {} : { StopTimeout: stopSeconds }),
    },
    HostConfig: { RestartPolicy: parsePolicy(restartPolicy), AutoRemove: autoRemove },
    NetworkSettings: {},
  };
}

function statusOf(container: ContainerDocument): string {
  if (container.kind === 'dedicated' && container.paused) return 'paused';
  return container.running ? 'running' : 'exited';
}

/** What carries any label of the platform was made by it. */
function labelsOf({ labels }: ContainerDocument): Readonly<Record<string, string>> {
  const { instanceId, userId, poolId } = labels;
  const isOwn = instanceId !== undefined || userId !== undefined || poolId !== undefined;
  return {
    ...(isOwn && { [LABELS.managed]: 'true' }),
    ...(instanceId !== undefined && { [LABELS.instanceId]: instanceId }),
    ...(userId !== undefined && { [LABELS.userId]: userId }),
    ...(poolId !== undefined && { [LABELS.poolId]: poolId }),
  };
}
