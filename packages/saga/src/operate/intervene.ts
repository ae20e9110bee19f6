// A change of a saga from outside its worker: the newest record is read, the machine applies an event to it, and a write
// that is conditional on that record stores the outcome. Where the worker has written in between, it begins again (I5).

import { randomUUID } from 'node:crypto';
import type { SagaRecord } from '../log/record.ts';
import type { Intervention, SagaLog } from '../log/saga-log.ts';
import type { SagaEvent } from '../machine/events.ts';
import { apply } from '../machine/machine.ts';
import { isEnded, type SagaState } from '../machine/state.ts';
import type { RegisteredSaga, Registry } from '../registry.ts';
import { resultOf } from '../run/saga-facts.ts';
import type { SagaId } from '../saga-id.ts';

export interface InterveneDeps {
  readonly log: Pick<SagaLog, 'find' | 'intervene'>;
  readonly registry: Registry;
}

/** An event for the machine, and its entry in the history. */
export interface Change {
  readonly registered: RegisteredSaga;
  readonly event: SagaEvent;
  readonly step?: string | null;
  readonly detail?: string;
  readonly landsOn?: Intervention['landsOn'];
  readonly fences?: Intervention['fences'];
  readonly owesRelease?: Intervention['owesRelease'];
}

export type Intervened<Answer> =
  | { readonly status: 'landed'; readonly saga: SagaRecord }
  /** The machine refuses the event in this state, or has applied it before. */
  | { readonly status: 'unchanged'; readonly saga: SagaRecord }
  /** The saga has changed before every one of the writes. */
  | { readonly status: 'conflict' }
  | { readonly status: 'not-found' }
  | { readonly status: 'answered'; readonly answer: Answer };

/** For a saga that changes all the time: its worker writes a few times a second at most. */
const MAX_TRIES = 20;

/** Gets the newest record: what is to change, or the answer where nothing is. */
export type Decide<Answer> = (
  saga: SagaRecord,
  registered: RegisteredSaga | undefined,
) => Change | { readonly answer: Answer };

export async function intervene<Answer>(
  { log, registry }: InterveneDeps,
  id: SagaId,
  decide: Decide<Answer>,
  maxTries = MAX_TRIES,
): Promise<Intervened<Answer>> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const base = await log.find(id);
    if (base === null) return { status: 'not-found' };
    const decided = decide(base, registry.find(base.kind, base.version));
    if ('answer' in decided) return { status: 'answered', answer: decided.answer };
    const { registered, step = null, detail = null, landsOn = 'base' } = decided;
    const { fences = false, owesRelease = false } = decided;
    const state = apply(registered.shape, base.state, decided.event);
    if (state === base.state) return { status: 'unchanged', saga: base };
    const event = { type: decided.event.type, step, detail };
    const result = isEnded(state.phase) ? resultOrNull(registered, base, state) : null;
    const writeId = randomUUID();
    const order = { base, state, event, result, writeId, landsOn, fences, owesRelease };
    const written = await log.intervene(order);
    if (written.status === 'landed') return { status: 'landed', saga: written.saga };
  }
  return { status: 'conflict' };
}

/** An order ends a saga whose definition makes no result, too: it stands still for that very reason. */
function resultOrNull({ definition }: RegisteredSaga, saga: SagaRecord, state: SagaState) {
  try {
    return resultOf(definition, saga, state);
  } catch {
    return null;
  }
}
