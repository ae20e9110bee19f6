// A wake-up means "a worker should run this saga"; wake-ups are never the truth about it (I7): losing all of
// them loses nothing, because the relay makes new ones from the log.

import type { SagaId } from '../saga-id.ts';

export interface WakeUps {
  /** Makes a worker run the saga soon; harmless if one already will. May fail: the relay repeats it. */
  wake(sagaId: SagaId, kind: string): Promise<void>;

  /** Makes the saga run again from any state of its wake-up: delayed, completed, failed, missing. */
  requeue(sagaId: SagaId, kind: string): Promise<'waiting' | 'active' | 'requeued'>;
}
