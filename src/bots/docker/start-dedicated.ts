// Starting a new bot in a container of its own: made under the bot's name with its labels, then started, then
// seen running twice. The name decides: Docker gives it once, so a repeat finds what the first one made. The
// image is taken as it is: its own command runs the bot.

import { InDoubtError, pause, RetryableError, TerminalError } from '@reclaim/saga';
import type { ObservedDedicated } from '../../domain/bot.ts';
import type { BotPlace, FencedCall, StartOrder } from '../bots.ts';
import { dedicatedName } from './container-names.ts';
import { type ContainerView, LABELS } from './container-view.ts';
import type { DockerServices } from './docker-services.ts';
import { inspectNamed } from './inspect-named.ts';
import { toDedicated } from './read-observed.ts';

type Place = Extract<BotPlace, { kind: 'dedicated' }>;
type Bot = Omit<StartOrder, 'place'>;

const RESTART_POLICY = 'unless-stopped';
const MAX_CHECKS = 20;
const HAS_ENDED: ReadonlySet<string> = new Set(['exited', 'dead']);

export async function startDedicated(
  host: DockerServices,
  bot: Bot,
  place: Place,
  call: FencedCall,
): Promise<ObservedDedicated> {
  const container = (await findOwn(host, bot, call)) ?? (await make(host, bot, place, call));
  if (!container.running) await host.containers.start(container.id, call);
  return toDedicated(host.name, await observedRunning(host, container.id, call));
}

async function make(
  host: DockerServices,
  bot: Bot,
  { image }: Place,
  call: FencedCall,
): Promise<ContainerView> {
  const name = dedicatedName(bot.instanceId);
  const labels = labelsOf(bot);
  const { networkMode, limits } = host;
  const settings = { name, image, labels, restartPolicy: RESTART_POLICY, networkMode, limits };
  const made = await host.containers.create(settings, call);
  if (made === 'no-such-image') {
    const message = `host "${host.name}" has no image ${image}`;
    throw new TerminalError('NO_SUCH_IMAGE', message);
  }
  const found = await findOwn(host, bot, call);
  if (found !== null) return found;
  throw new RetryableError('CONTAINER_GONE', `container ${name} went as it was made`);
}

/** @throws TerminalError NAME_TAKEN for a container of this name that no order of this bot made. */
async function findOwn(
  host: DockerServices,
  bot: Bot,
  call: FencedCall,
): Promise<ContainerView | null> {
  const name = dedicatedName(bot.instanceId);
  const found = await inspectNamed(host, name, call);
  if (found === null) return null;
  const isOwn = Object.entries(labelsOf(bot)).every(([key, text]) => found.labels[key] === text);
  if (isOwn) return found;
  throw new TerminalError('NAME_TAKEN', `container ${name} belongs to somebody else`);
}

async function observedRunning(
  { containers, deadlines }: DockerServices,
  id: string,
  call: FencedCall,
): Promise<ContainerView> {
  let inARow = 0;
  for (let observation = 0; observation < MAX_CHECKS; observation += 1) {
    const view = await containers.inspect(id, call);
    if (view === null) throw new RetryableError('CONTAINER_GONE', 'the container went at once');
    inARow = view.status === 'running' ? inARow + 1 : 0;
    if (inARow === 2) return view;
    // Its policy would have it restarting: nothing starts it again.
    if (HAS_ENDED.has(view.status)) break;
    await pause(deadlines.startedForMs, call.signal);
    if (call.signal.aborted) throw new InDoubtError('DOCKER_ABORTED', 'aborted while waiting');
  }
  throw didNotStart(id);
}

export function didNotStart(containerId: string): RetryableError {
  const message = `container ${containerId} does not stay up`;
  return new RetryableError('CONTAINER_DID_NOT_START', message);
}

function labelsOf({ instanceId, firebaseUid }: Bot): Readonly<Record<string, string>> {
  return {
    [LABELS.managed]: 'true',
    [LABELS.instanceId]: instanceId,
    [LABELS.userId]: firebaseUid,
  };
}
