// A saga in its caller's hands: whether it is new, and how to wait for its end.

import type { Json } from '../json.ts';
import type { SagaRecord } from '../log/record.ts';
import type { CancelResult } from '../operate/request-cancel.ts';
import type { SagaId } from '../saga-id.ts';
import type { SagaOrder, Sagas } from '../sagas.ts';

/** Default: no owner, ordered by nobody that is named, at once, with an id of its own. */
export type StartOptions = Partial<Omit<SagaOrder, 'kind' | 'input'>>;

export interface Wait {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** @typeParam End what its definition returns. */
export interface Job<End extends Json = Json> {
  readonly id: SagaId;
  /** False: an open saga held the key, and this is its job (I8). */
  readonly isNew: boolean;
  /** As the log has it now; null once it was forgotten. */
  state(): Promise<SagaRecord | null>;
  /** The record when the saga has ended or is stuck, or as it is when time is over. */
  ended(wait: Wait): Promise<SagaRecord | null>;
  /** What the definition returns, when the saga has ended, whichever end it is. Null when it has not, and where the key was
   * held by a saga of another definition. */
  result(wait: Wait): Promise<End | null>;
  /** One conditional write against the pivot (I6). */
  cancel(by: string): Promise<CancelResult>;
}

export async function createJob<End extends Json>(
  sagas: Sagas,
  kind: string,
  input: Json,
  { subject = '', requestedBy = '', ...rest }: StartOptions = {},
): Promise<Job<End>> {
  const { status, saga } = await sagas.start({ kind, subject, requestedBy, input, ...rest });
  const { id } = saga;
  const ended = ({ timeoutMs, signal = new AbortController().signal }: Wait) =>
    sagas.waitForEnd(id, timeoutMs, signal);
  return {
    id,
    isNew: status === 'inserted',
    state: () => sagas.find(id),
    ended,
    result: async (wait) => {
      const record = saga.kind === kind ? await ended(wait) : null;
      // The definition of this name made it.
      return (record?.result ?? null) as End | null;
    },
    cancel: (by) => sagas.requestCancel(id, by),
  };
}
