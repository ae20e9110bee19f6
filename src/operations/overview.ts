// What an operator sees first: how much is stuck and with how much money, what is under way, what is left to finish or
// to decide, and which source answers. The figures come from the log and the collections, read now; where MongoDB does
// not answer they are unknown, never zero (I4), and the sources are shown all the same.

import type { OpenSagas, Phase, SagaFilter, SagaPage, SagaRecord } from '@reclaim/saga';
import { ok } from '../domain/source.ts';
import type { Findings } from '../findings/findings.ts';
import { type HostsPorts, readHosts } from './hosts-now.ts';
import type { Figures, LockedMoney, OverviewView } from './overview-schema.ts';
import { timed } from './timed.ts';

export interface OverviewPorts extends HostsPorts {
  readonly log: {
    openSummary(): Promise<readonly OpenSagas[]>;
    list(filter: SagaFilter): Promise<SagaPage>;
  };
  readonly atRisk: (saga: SagaRecord) => number | null;
  readonly countTombstones: () => Promise<number>;
  readonly findings: Pick<Findings, 'countOpen'>;
  readonly now: () => Date;
}

/** A page that is refreshed every few seconds waits no longer. */
const FIGURES_TIMEOUT_MS = 3_000;
/** The money of more sagas than this, of each sort, is not added up. */
const MAX_ADDED = 500;
const UNDER_WAY: readonly Phase[] = ['queued', 'running', 'compensating'];

/** The Docker hosts are among its sources; this process's own are the caller's to add. */
export function createOverview(ports: OverviewPorts) {
  return async (signal: AbortSignal): Promise<OverviewView> => {
    const [sources, { answer }] = await Promise.all([
      readHosts(ports, signal),
      timed(async () => ok(await readFigures(ports), ports.now()), {
        ms: FIGURES_TIMEOUT_MS,
        signal,
      }),
    ]);
    return {
      at: ports.now().toISOString(),
      figures: answer.status === 'ok' ? answer.items : null,
      reason: answer.status === 'ok' ? null : answer.reason,
      sources,
    };
  };
}

async function readFigures(ports: OverviewPorts): Promise<Figures> {
  const [open, stuckMoney, underWayMoney, tombstones, findings] = await Promise.all([
    ports.log.openSummary(),
    moneyOf(ports, ['stuck']),
    moneyOf(ports, UNDER_WAY),
    ports.countTombstones(),
    ports.findings.countOpen(),
  ]);
  const counted = (isMeant: (phase: string) => boolean) =>
    open.reduce((sum, { phase, count }) => sum + (isMeant(phase) ? count : 0), 0);
  const findingKinds = [...findings].map(([kind, count]) => ({ kind, count }));
  return {
    open: open.map(({ phase, ...group }) => ({ ...group, state: phase })),
    stuck: counted((phase) => phase === 'stuck'),
    underWay: counted((phase) => phase !== 'stuck'),
    ...{ stuckMoney, underWayMoney, tombstones },
    findings: findingKinds.reduce((sum, { count }) => sum + count, 0),
    findingKinds,
  };
}

async function moneyOf(
  { log, atRisk }: OverviewPorts,
  phases: readonly Phase[],
): Promise<LockedMoney> {
  const { sagas, nextCursor } = await log.list({ phases, limit: MAX_ADDED });
  // Cents are whole numbers, shown and never paid by.
  const minor = sagas.reduce((sum, saga) => sum + (atRisk(saga) ?? 0), 0);
  return { minor, isWhole: nextCursor === null };
}
