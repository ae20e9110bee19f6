// What a container that we make may take of its host. A bot that leaks or forks must not take the machine, and the bots
// beside it, with it; and it needs none of root's powers to trade.

import type Docker from 'dockerode';

export interface ContainerLimits {
  /** Null: none. */
  readonly memoryMb: number | null;
  /** Processes and threads; null: none. */
  readonly pids: number | null;
  /** Kept of Docker's, by their names without CAP_; null: all that Docker gives. */
  readonly capabilities: readonly string[] | null;
}

export const DEFAULT_LIMITS: ContainerLimits = { memoryMb: 1_024, pids: 512, capabilities: [] };

const MB = 1_048_576;

export function hostConfigOf({ memoryMb, pids, capabilities }: ContainerLimits): Docker.HostConfig {
  return {
    // The same with swap: a bot over its memory ends, and does not slow the disk for all.
    ...(memoryMb === null ? {} : { Memory: memoryMb * MB, MemorySwap: memoryMb * MB }),
    ...(pids === null ? {} : { PidsLimit: pids }),
    ...(capabilities === null ? {} : { CapDrop: ['ALL'], CapAdd: [...capabilities] }),
    SecurityOpt: ['no-new-privileges:true'],
  };
}
