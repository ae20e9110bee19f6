// The administrators: they send stuck sagas on their way again, sometimes back, and now and then synchronise
// everybody.

import { pause } from '@reclaim/saga';
import type { Random } from '../random.ts';
import type { Tally } from '../tally.ts';
import type { Census } from './census.ts';
import type { Client } from './client.ts';
import type { Promises } from './promises.ts';

export interface AdministratorsOptions {
  readonly client: Client;
  readonly census: Census;
  readonly promises: Promises;
  readonly random: Random;
  /** Why sagas were stuck, by step and code. */
  readonly stuck: Tally;
  readonly signal: AbortSignal;
}

const CHECK_EVERY_MS = 1_500;
const SYNC_ALL_EVERY_MS = 15_000;
const REASON = { reason: 'the soak mended what was broken' };

export async function letAdministratorsWork(options: AdministratorsOptions): Promise<void> {
  const { signal } = options;
  const observe = async () => {
    while (!signal.aborted) {
      await confirmStart(options.client);
      await releaseStuck(options, options.random.chance(0.2) ? 'compensate' : 'retry');
      await pause(CHECK_EVERY_MS, signal);
    }
  };
  const syncAll = async () => {
    while (!signal.aborted) {
      await pause(SYNC_ALL_EVERY_MS, signal);
      if (!signal.aborted) await orderSyncAll(options);
    }
  };
  await Promise.all([observe(), syncAll()]);
}

/** Until then the runs by the clock and of opened pages only look. */
async function confirmStart(client: Client): Promise<void> {
  const path = '/admin/findings?kind=unconfirmed-start';
  const list = await client.asAdmin({ method: 'GET', path });
  const found: readonly { id: string }[] = list?.status === 200 ? list.body.findings : [];
  const body = { action: 'acknowledge', reason: 'the town is as the soak founded it' };
  for (const { id } of found) {
    await client.asAdmin({ method: 'POST', path: `/admin/findings/${id}/resolve`, body });
  }
}

/** @returns how many stood still. */
export async function releaseStuck(
  { client, stuck }: Pick<AdministratorsOptions, 'client' | 'stuck'>,
  preferred: 'retry' | 'compensate' = 'retry',
): Promise<number> {
  const list = await client.asAdmin({ method: 'GET', path: '/admin/sagas?state=stuck&limit=100' });
  const found: readonly StuckSaga[] = list?.status === 200 ? list.body.sagas : [];
  await Promise.all(
    found.map(async ({ jobId, error }) => {
      stuck.add(`${error?.step}: ${error?.code}`);
      const order = (verb: string) =>
        client.asAdmin({ method: 'POST', path: `/admin/sagas/${jobId}/${verb}`, body: REASON });
      const reply = await order(preferred);
      if (preferred !== 'retry' && reply?.status === 409) await order('retry');
    }),
  );
  return found.length;
}

interface StuckSaga {
  readonly jobId: string;
  readonly error: { readonly step: string; readonly code: string } | null;
}

/** @returns the job's id, or undefined when it was not promised. */
export async function orderSyncAll({
  client,
  census,
  promises,
}: Pick<AdministratorsOptions, 'client' | 'census' | 'promises'>): Promise<string | undefined> {
  const reply = await client.asAdmin({ method: 'POST', path: '/admin/sync-all' });
  if (reply?.status !== 202) return undefined;
  const jobId = String(reply.body.jobId);
  promises.named(jobId);
  census.watch(jobId);
  return jobId;
}
