// A bot as it is shown to its user. Where a source does not answer, its reason names files, sockets and hosts: the user
// learns only which source it is. A pool may be another user's, and its name reveals whose; a host's name may be its
// address.

import type { BotView } from '../sync/bot-view.ts';
import type { Audience } from './message-for.ts';

export function botFor(audience: Audience, firebaseUid: string, bot: BotView): BotView {
  if (audience === 'operator') return bot;
  const isTheirs = (name: string | null) => name !== null && isPoolOf(firebaseUid, name);
  return {
    ...bot,
    poolState: ownPool(bot.poolState, isTheirs),
    docker: ownContainer(bot.docker, isTheirs),
  };
}

type IsTheirs = (name: string | null) => boolean;

const SENTENCES = {
  POOL_STATE_UNKNOWN: 'The list of bots in pools cannot be read at the moment.',
  DOCKER_UNKNOWN: 'Not every host on which the bot may run answers at the moment.',
} as const;

function ownPool(poolState: BotView['poolState'], isTheirs: IsTheirs): BotView['poolState'] {
  switch (poolState.status) {
    case 'unknown':
      return { ...poolState, reason: SENTENCES[poolState.code] };
    case 'absent':
      return poolState;
    case 'present':
      return isTheirs(poolState.poolId) ? poolState : { ...poolState, poolId: null };
  }
}

function ownContainer(docker: BotView['docker'], isTheirs: IsTheirs): BotView['docker'] {
  switch (docker.status) {
    case 'unknown':
      return { ...docker, reason: SENTENCES[docker.code] };
    case 'absent':
      return docker;
    case 'present': {
      const { containerName } = docker;
      return {
        ...docker,
        host: null,
        containerName: isTheirs(containerName) ? containerName : null,
      };
    }
  }
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
