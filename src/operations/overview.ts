// What an operator sees first: how much is stuck and with how much money, what is under way, what is left to finish or
// to decide, and which source answers. The figures come from the log and the collections, read now; where MongoDB does
// not answer they are unknown, never zero (I4), and the sources are shown all the same.

import type { OpenSagas, Phase, SagaFilter, SagaPage, SagaRecord } from '@reclaim/saga';
import { ok, type SourceAnswer } from '../domain/source.ts';
import type { FindingKind, Findings } from '../findings/findings.ts';
import { type HostNow, type HostsPorts, readHosts } from './hosts-now.ts';
import { timed } from './timed.ts';

export interface Overview {
  readonly at: Date;
  readonly figures: SourceAnswer<Figures>;
  readonly hosts: readonly HostNow[];
}

export interface Figures {
  readonly open: readonly OpenSagas[];
  readonly stuckMoney: LockedMoney;
  /** Of sagas that are on their way, forwards or back. */
  readonly underWayMoney: LockedMoney;
  /** Bots that were paid back and are not yet observed gone. */
  readonly tombstones: number;
  readonly findings: ReadonlyMap<FindingKind, number>;
}

export interface LockedMoney {
  /** Cents. */
  readonly minor: number;
  /** False: there are more sagas than were added up. */
  readonly isWhole: boolean;
}

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

export type ReadOverview = (signal: AbortSignal) => Promise<Overview>;

/** A page that is refreshed every few seconds waits no longer. */
const FIGURES_TIMEOUT_MS = 3_000;
/** The money of more sagas than this, of each sort, is not added up. */
const MAX_ADDED = 500;
const UNDER_WAY: readonly Phase[] = ['queued', 'running', 'compensating'];

export function createOverview(ports: OverviewPorts): ReadOverview {
  return async (signal) => {
    const [hosts, figures] = await Promise.all([
      readHosts(ports, signal),
      timed(async () => ok(await readFigures(ports), ports.now()), {
        ms: FIGURES_TIMEOUT_MS,
        signal,
      }),
    ]);
    return { at: ports.now(), figures: figures.answer, hosts };
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
  return { open, stuckMoney, underWayMoney, tombstones, findings };
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
