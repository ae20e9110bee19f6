// The pool container of an observation, as it is now. The platform makes a pool again under its old name
// with the old conf folder mounted: the container that was seen is gone, but the bot runs again. So where
// the id is gone, the name is asked before anything counts as gone.

import type { ObservedPooled } from '../../domain/bot.ts';
import { renamedPool } from '../../domain/renamed.ts';
import type { BotsCall } from '../bots.ts';
import { refuseOther } from './container-names.ts';
import type { ContainerView } from './container-view.ts';
import type { DockerServices } from './docker-services.ts';
import { inspectNamed } from './inspect-named.ts';

/** Null: there is neither this container nor another of its name on its host. */
export async function resolvePool(
  host: DockerServices,
  { containerId, containerName }: ObservedPooled,
  call: BotsCall,
): Promise<ContainerView | null> {
  const same = await host.containers.inspect(containerId, call);
  if (same !== null) return isRenamed(same, containerName) ? same : checked(same);
  const view = await inspectNamed(host, containerName, call);
  return view === null ? null : checked(view);
}

// It was a pool when it was first seen, and still holds that name.
function isRenamed({ name }: ContainerView, observedAs: string): boolean {
  const pool = renamedPool(name);
  return pool !== undefined && pool === (renamedPool(observedAs) ?? observedAs);
}

// A log or a tombstone may name what was never a pool.
function checked(pool: ContainerView): ContainerView {
  refuseOther(pool);
  return pool;
}
