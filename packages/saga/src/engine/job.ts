// A saga in its caller's hands: whether it is new, and how to wait for its end.

import type { Json } from '../json.ts';
import type { SagaRecord } from '../log/record.ts';
import type { CancelResult } from '../operate/request-cancel.ts';
import type { SagaId } from '../saga-id.ts';
import type { Sagas } from '../sagas.ts';

export interface StartOptions {
  /** Who may see it; the product gives it a meaning. Default: no owner. */
  readonly subject?: string;
  /** Who ordered it, for the history. */
  readonly requestedBy?: string;
  /** The whole id, made before by `sagas.newId`: a repeat under it gets the first one's job. */
  readonly id?: SagaId;
  /** The saga that waits for this one. */
  readonly parent?: SagaId;
  /** Accepted now, begun not before this moment. Database time, ms. */
  readonly notBeforeMs?: number;
}

export interface Job {
  readonly id: SagaId;
  /** False: an open saga held the key, and this is its job (I8). */
  readonly isNew: boolean;
  /** As the log has it now; null once it was forgotten. */
  state(): Promise<SagaRecord | null>;
  /** The record when the saga has ended or is stuck, or as it is when time is over. */
  ended(wait: {
    readonly timeoutMs: number;
    readonly signal?: AbortSignal;
  }): Promise<SagaRecord | null>;
  /** One conditional write against the pivot (I6). */
  cancel(by: string): Promise<CancelResult>;
}

export async function createJob(
  sagas: Sagas,
  kind: string,
  input: Json,
  { subject = '', requestedBy = '', ...rest }: StartOptions = {},
): Promise<Job> {
  const { status, saga } = await sagas.start({ kind, subject, requestedBy, input, ...rest });
  const { id } = saga;
  return {
    id,
    isNew: status === 'inserted',
    state: () => sagas.find(id),
    ended: ({ timeoutMs, signal = new AbortController().signal }) =>
      sagas.waitForEnd(id, timeoutMs, signal),
    cancel: (by) => sagas.requestCancel(id, by),
  };
}
