// A bot as it is shown to its user. Where a source does not answer, its reason names files, sockets and hosts: the user
// learns only which source it is. A pool may be another user's, and its name reveals whose; a host's name may be its
// address.

import type { BotView } from '../sync/bot-views.ts';
import type { Audience } from './message-for.ts';
import type { BotView as ShownBot } from './schemas/bots.ts';

type Shown = Omit<ShownBot, 'health' | 'description'>;

export function botFor(audience: Audience, firebaseUid: string, bot: BotView): Shown {
  const { poolState, docker } = bot;
  const isTheirs = (name: string) => audience === 'operator' || isPoolOf(firebaseUid, name);
  return {
    ...bot,
    poolState:
      poolState.status === 'unknown'
        ? unknown(audience, POOL_STATE, poolState.reason)
        : { ...poolState, ...ownPool(poolState, isTheirs) },
    docker:
      docker.status === 'unknown'
        ? unknown(audience, DOCKER, docker.reason)
        : { ...docker, ...ownContainer(docker, audience, isTheirs) },
  };
}

interface Reason {
  readonly code: string;
  readonly sentence: string;
}

const POOL_STATE: Reason = {
  code: 'POOL_STATE_UNKNOWN',
  sentence: 'The list of bots in pools cannot be read at the moment.',
};
const DOCKER: Reason = {
  code: 'DOCKER_UNKNOWN',
  sentence: 'Not every host on which the bot may run answers at the moment.',
};

function unknown(audience: Audience, { code, sentence }: Reason, detail: string) {
  return { status: 'unknown' as const, code, reason: audience === 'operator' ? detail : sentence };
}

function ownPool(
  poolState: Exclude<BotView['poolState'], { status: 'unknown' }>,
  isTheirs: (name: string) => boolean,
) {
  if (poolState.status === 'absent' || poolState.poolId === null) return {};
  return isTheirs(poolState.poolId) ? {} : { poolId: null };
}

function ownContainer(
  docker: Exclude<BotView['docker'], { status: 'unknown' }>,
  audience: Audience,
  isTheirs: (name: string) => boolean,
) {
  if (docker.status === 'absent' || audience === 'operator') return {};
  return { host: null, ...(isTheirs(docker.containerName) ? {} : { containerName: null }) };
}

const CONTAINER = 'freqtrade-pool-';
const POOL = '-pool-';

/** Also where the name names no user as the pool's owner. */
function isPoolOf(firebaseUid: string, name: string): boolean {
  const pool = name.startsWith(CONTAINER) ? name.slice(CONTAINER.length) : name;
  const at = pool.lastIndexOf(POOL);
  if (at <= 0 || !/^\d{1,9}$/.test(pool.slice(at + POOL.length))) return true;
  return pool.slice(0, at) === firebaseUid;
}
