// Stopping, restoring and removing a container of one bot's own. Each begins with what Docker says now and
// makes only the calls that are still needed, so repeating it is harmless. The restart policy goes first:
// with `always` the daemon would revive the container at its next start.

import { InDoubtError, pause, RetryableError } from '@reclaim/saga';
import type { ObservedDedicated } from '../../domain/bot.ts';
import type { FencedCall } from '../bots.ts';
import { type ContainerView, isNoPolicy } from './container-view.ts';
import type { DockerServices } from './docker-services.ts';
import { didNotStart } from './start-dedicated.ts';

export async function stopDedicated(
  { containers }: DockerServices,
  observed: ObservedDedicated,
  call: FencedCall,
): Promise<'stopped' | 'gone'> {
  const now = await withPolicy(containers, observed.containerId, 'no', call);
  if (now === null) return 'gone';
  // A policy may have started it between the observation and the update: then it is stopped as well, 304 is fine.
  const isAtRest = !now.running && isNoPolicy(now.restartPolicy);
  if (!isAtRest && !isBeingRemoved(now)) await containers.stop(now, call);
  return 'stopped';
}

/** @throws RetryableError CONTAINER_DID_NOT_START: it was started, and has ended again. */
export async function restoreDedicated(
  { containers, deadlines }: DockerServices,
  captured: ObservedDedicated,
  call: FencedCall,
): Promise<'restored' | 'gone'> {
  const now = await withPolicy(containers, captured.containerId, captured.restartPolicy, call);
  if (now === null) return 'gone';
  if (isBeingRemoved(now)) {
    throw new RetryableError('REMOVAL_IN_PROGRESS', `container ${now.name} is being removed`);
  }
  if (!captured.running) return 'restored';
  if (!now.running) {
    await containers.start(now.id, call);
    // Docker answers that it started the process, whatever becomes of it. One that its policy starts again counts as running.
    await pause(deadlines.startedForMs, call.signal);
    const started = await containers.inspect(now.id, call);
    if (started === null) return 'gone';
    if (!started.running) throw didNotStart(now.id);
  }
  const isPaused = now.running && now.paused;
  if (captured.paused && !isPaused) await containers.pause(now.id, call);
  if (!captured.paused && isPaused) await containers.unpause(now.id, call);
  return 'restored';
}

const POLICY_ATTEMPTS = 3;

// The container as it is now, with this restart policy: set unless it has it, or is on its way out. A
// container that ends in the middle of the update takes the update back, and is observed again.
async function withPolicy(
  containers: DockerServices['containers'],
  containerId: string,
  policy: string,
  call: FencedCall,
): Promise<ContainerView | null> {
  for (let attempt = 0; attempt < POLICY_ATTEMPTS; attempt += 1) {
    const now = await containers.inspect(containerId, call);
    if (now === null || isBeingRemoved(now) || isSamePolicy(now.restartPolicy, policy)) return now;
    if ((await containers.setRestartPolicy(now.id, policy, call)) === 'set') return now;
  }
  throw new RetryableError('POLICY_NOT_SET', `container ${containerId} changed under each update`);
}

export async function removeDedicated(
  host: DockerServices,
  observed: ObservedDedicated,
  call: FencedCall,
): Promise<'removed' | 'gone'> {
  for (let attempt = 0; attempt < REMOVE_ATTEMPTS; attempt++) {
    const stopped = await stopDedicated(host, observed, call);
    if (stopped === 'gone') return attempt === 0 ? 'gone' : 'removed';
    const removal = await host.containers.remove(observed.containerId, call);
    // It was started again between the stop and the removal: stop it again.
    if (removal === 'still-running') continue;
    if (removal !== 'gone') await waitUntilGone(host, observed, call);
    return 'removed';
  }
  const message = `container ${observed.containerName} is started again whenever it is stopped`;
  throw new RetryableError('CONTAINER_RESTARTED', message);
}

const REMOVE_ATTEMPTS = 3;
/** Between two observations of a container whose removal was accepted. */
const REMOVAL_POLL_MS = 100;

async function waitUntilGone(
  { containers, deadlines }: DockerServices,
  { containerId, containerName }: ObservedDedicated,
  call: FencedCall,
): Promise<void> {
  const end = performance.now() + deadlines.removalMs;
  while ((await containers.inspect(containerId, call)) !== null) {
    if (performance.now() > end) {
      const message = `container ${containerName} is not gone after ${deadlines.removalMs} ms`;
      throw new InDoubtError('REMOVAL_NOT_OBSERVED', message);
    }
    await pause(REMOVAL_POLL_MS, call.signal);
    if (call.signal.aborted) throw new InDoubtError('DOCKER_ABORTED', 'aborted while waiting');
  }
}

function isBeingRemoved({ status }: ContainerView): boolean {
  return status === 'removing';
}

function isSamePolicy(a: string, b: string): boolean {
  return a === b || (isNoPolicy(a) && isNoPolicy(b));
}
