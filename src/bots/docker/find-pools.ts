// Which of these pool containers stand on a host, and whether a program could be started in them now.

import type { BotsCall, PoolContainer } from '../bots.ts';
import { exactNameFilter, isPoolContainer } from './container-names.ts';
import type { DockerServices } from './docker-services.ts';

export async function findPoolsOn(
  { name: host, containers }: DockerServices,
  containerNames: readonly string[],
  call: BotsCall,
): Promise<readonly PoolContainer[]> {
  // Without a filter the daemon would list everything.
  if (containerNames.length === 0) return [];
  const listed = await containers.list({ name: containerNames.map(exactNameFilter) }, call);
  return listed.filter(isPoolContainer).flatMap(({ names, status }) => {
    const containerName = names.find((name) => containerNames.includes(name));
    return containerName === undefined
      ? []
      : [{ host, containerName, running: status === 'running' }];
  });
}
