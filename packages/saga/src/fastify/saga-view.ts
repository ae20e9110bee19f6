// What an operator is shown of a saga beside its job: who ordered it, what it holds, and in the detail all that the log
// has.

import type { SagaRecord } from '../log/record.ts';
import type { Plan } from '../operate/plan.ts';
import type { Sagas } from '../sagas.ts';
import type { PlanView, SagaDetail, SagaSummary } from './operator-schemas.ts';

export interface SagaViewOptions {
  readonly sagas: Pick<Sagas, 'atRisk'>;
  readonly nowMs?: (() => number) | undefined;
}

/** Goes beside the job of the same saga. */
export function sagaSummary(saga: SagaRecord, options: SagaViewOptions): SagaSummary {
  const { subject, key, version, requestedBy, parent, epoch, createdAt, finishedAt, open } = saga;
  const { sagas, nowMs = Date.now } = options;
  const untilMs = finishedAt === null ? nowMs() : Date.parse(finishedAt);
  return {
    ...{ subject, key, version, requestedBy, parent, epoch },
    ageSeconds: Math.max(0, Math.round((untilMs - Date.parse(createdAt)) / 1_000)),
    atRisk: open ? sagas.atRisk(saga) : null,
  };
}

/** Goes beside both. */
export function sagaDetail({ input, state, history }: SagaRecord): SagaDetail {
  const captures = state.steps.flatMap(({ name, capture }) =>
    capture === null ? [] : [[name, capture] as const],
  );
  return {
    input,
    captures: Object.fromEntries(captures),
    history: history.map(({ writeId: _, ...entry }) => entry),
  };
}

export function planView({ verbs, observations, atRisk }: Plan): PlanView {
  return {
    verbs: verbs.map((planned) =>
      planned.isAllowed
        ? {
            ...{ verb: planned.verb, allowed: true, does: [...planned.does] },
            ...(planned.choices.length > 0 && { choices: [...planned.choices] }),
          }
        : { verb: planned.verb, allowed: false, reason: planned.reason },
    ),
    observations: [...observations],
    atRisk,
  };
}
