// One saga as it is stored and read: the machine's state with its identity, its lease and its bounded
// history. What the API shows of it is the job; polling reads this and nothing else (I9).

import type { Json } from '../json.ts';
import type { SagaState } from '../machine/state.ts';
import type { SagaId } from '../saga-id.ts';

export interface SagaRecord {
  readonly id: SagaId;
  readonly kind: string;
  readonly version: number;
  readonly key: string;
  /** Who may see it: a user `_id`. */
  readonly subject: string;
  /** The person who ordered it, for the audit trail. */
  readonly requestedBy: string;
  /** The saga that waits for this one; its end wakes it. */
  readonly parent: SagaId | null;
  readonly input: Json;
  readonly state: SagaState;
  /** Open = queued, running, compensating, stuck: the key is taken while it is. */
  readonly open: boolean;
  /** Raised by every write: the id of a server-sent event. No write's condition: a failover takes numbers back and
   * gives them out again. */
  readonly revision: number;
  /** Which write made this record, of all that ever were (an acceptance: its own id, a claim: its owner, or an event): what
   * the next one is conditional on. */
  readonly writeId: string;
  /** The fencing number, raised by every claim (I5). 0: never claimed. */
  readonly epoch: number;
  readonly result: Json | null;
  /** Since when no live worker can run its version; ISO 8601, null while one can. */
  readonly unrunnableSince: string | null;
  /** The newest events, oldest first; bounded. */
  readonly history: readonly HistoryEntry[];
  /** ISO 8601, database time. */
  readonly createdAt: string;
  readonly finishedAt: string | null;
  /** W3C trace context of its acceptance; missing where nothing was traced then. */
  readonly traceparent?: string;
}

export interface HistoryEntry {
  readonly at: string;
  readonly epoch: number;
  /** The machine's event type, or an operator verb. */
  readonly type: string;
  readonly step: string | null;
  readonly detail: string | null;
  /** The write that it came with. */
  readonly writeId: string;
}
