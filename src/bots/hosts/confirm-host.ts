// An administrator's word that a host which holds nothing is meant to hold nothing. I4: it is believed only of
// a host that was asked and answered "nothing"; a host that is away says neither.

import type { Bots, BotsCall } from '../bots.ts';
import type { EmptyConfirmation, HostRecord, HostRecords } from './mongo-host-records.ts';

export type ConfirmOutcome =
  | { readonly status: 'confirmed'; readonly record: HostRecord }
  | { readonly status: 'no-such-host'; readonly hosts: readonly string[] }
  | { readonly status: 'not-empty' }
  | { readonly status: 'unknown'; readonly reason: string };

export interface ConfirmHostPorts {
  readonly bots: Pick<Bots, 'hosts' | 'hasManaged'>;
  readonly hostRecords: Pick<HostRecords, 'confirmEmpty'>;
}

export type ConfirmHost = ReturnType<typeof createConfirmHost>;

export function createConfirmHost({ bots, hostRecords }: ConfirmHostPorts) {
  return {
    confirm: async (
      host: string,
      confirmation: EmptyConfirmation,
      call: BotsCall,
    ): Promise<ConfirmOutcome> => {
      const hosts = bots.hosts();
      if (!hosts.includes(host)) return { status: 'no-such-host', hosts };
      const answer = await bots.hasManaged(host, call);
      if (answer.status === 'unknown') return answer;
      if (answer.items) return { status: 'not-empty' };
      return { status: 'confirmed', record: await hostRecords.confirmEmpty(host, confirmation) };
    },
  };
}
