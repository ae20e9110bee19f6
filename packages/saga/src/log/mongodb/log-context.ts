// What the modules of the saga log share: the collection, the clock, and how errors of the driver are read.

import type { Collection } from 'mongodb';
import type { Clock } from '../../run/clock.ts';
import type { SagaDocument } from './saga-document.ts';

export interface LogContext {
  readonly sagas: Collection<SagaDocument>;
  readonly clock: Clock;
  readonly retentionMs: number;
}

/** The most writes that go out as one: larger batches gain nothing and delay the first of them. */
export const MAX_BATCH = 500;

export const MAJORITY = { w: 'majority' } as const;

/** Nothing that a failover could take back. */
export const COMMITTED = { readConcern: { level: 'majority' } } as const;
