// Whether a host that holds nothing is believed. I4.

import type { BotsCall } from '../deletion/ports/bots.ts';

export interface HostTrust {
  judge(host: string, placed: PlacedBots, call: BotsCall): Promise<HostJudgement>;
}

export interface PlacedBots {
  readonly placedByFile: readonly PlacedBot[];
}

export interface PlacedBot {
  readonly instanceId: string;
  readonly createdAt: string;
}

export type HostJudgement = 'trusted' | { readonly unknown: string };
