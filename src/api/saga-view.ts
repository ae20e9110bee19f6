// What an operator is shown of a saga: the job, and what only operators may know.

import type { SagaRecord } from '@reclaim/saga';
import type { ApiDependencies } from './dependencies.ts';
import { jobView } from './job-view.ts';

type ViewDependencies = Pick<ApiDependencies, 'stepKinds' | 'now' | 'sagas'>;
type DetailDependencies = ViewDependencies & Pick<ApiDependencies, 'queueOf'>;

export function sagaView(saga: SagaRecord, deps: ViewDependencies) {
  const { subject, key, version, requestedBy, parent, epoch, createdAt, finishedAt, open } = saga;
  const untilMs = finishedAt === null ? deps.now().getTime() : Date.parse(finishedAt);
  return {
    ...jobView(saga, deps, 'operator'),
    ...{ subject, key, version, requestedBy, parent, epoch },
    ageSeconds: Math.max(0, Math.round((untilMs - Date.parse(createdAt)) / 1_000)),
    moneyAtRiskMinor: open ? deps.sagas.atRisk(saga) : null,
  };
}

export function sagaDetail(saga: SagaRecord, deps: DetailDependencies) {
  const captures = saga.state.steps.flatMap(({ name, capture }) =>
    capture === null ? [] : [[name, capture] as const],
  );
  return {
    ...sagaView(saga, deps),
    queue: deps.queueOf(saga.kind),
    input: saga.input,
    captures: Object.fromEntries(captures),
    history: saga.history.map(({ writeId: _, ...entry }) => entry),
  };
}
