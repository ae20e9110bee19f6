// An administrator's word that a host which holds nothing is meant to hold nothing. I4: it is believed only of
// a host that was asked and answered "nothing"; a host that is away says neither. One that is not configured any more
// cannot be asked: of it the word is a decision, that it is gone for good.

import type { Bots, BotsCall } from '../bots.ts';
import type {
  EmptyConfirmation,
  GoneDecision,
  HostRecord,
  HostRecords,
} from './mongo-host-records.ts';
import type { UnlistedHosts } from './unlisted-hosts.ts';

export type ConfirmOutcome =
  | { readonly status: 'confirmed'; readonly record: HostRecord }
  | { readonly status: 'gone'; readonly decision: GoneDecision }
  | { readonly status: 'no-such-host'; readonly hosts: readonly string[] }
  | { readonly status: 'listed' | 'not-listed' }
  | { readonly status: 'not-empty' }
  | { readonly status: 'unknown'; readonly reason: string };

export interface ConfirmHostPorts {
  readonly bots: Pick<Bots, 'hosts' | 'hasManaged'>;
  readonly hostRecords: Pick<HostRecords, 'confirmEmpty' | 'decideGone'>;
  readonly unlistedHosts: Pick<UnlistedHosts, 'isListed' | 'isRemembered'>;
}

export interface HostOrder extends EmptyConfirmation {
  /** Not that it is empty: that it is gone for good. Who means the one has not decided the other. */
  readonly isGone?: boolean | undefined;
}

export type ConfirmHost = ReturnType<typeof createConfirmHost>;

export function createConfirmHost({ bots, hostRecords, unlistedHosts }: ConfirmHostPorts) {
  return {
    confirm: async (
      host: string,
      { isGone = false, ...confirmation }: HostOrder,
      call: BotsCall,
    ): Promise<ConfirmOutcome> => {
      const hosts = bots.hosts();
      if (!hosts.includes(host) && !unlistedHosts.isListed(host)) {
        const isRemembered = await unlistedHosts.isRemembered(host, call.signal);
        if (!isRemembered) return { status: 'no-such-host', hosts };
        if (!isGone) return { status: 'not-listed' };
        return { status: 'gone', decision: await hostRecords.decideGone(host, confirmation) };
      }
      if (isGone) return { status: 'listed' };
      const answer = await bots.hasManaged(host, call);
      if (answer.status === 'unknown') return answer;
      if (answer.items) return { status: 'not-empty' };
      return { status: 'confirmed', record: await hostRecords.confirmEmpty(host, confirmation) };
    },
  };
}
