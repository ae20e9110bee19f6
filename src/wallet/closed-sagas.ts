// A lock or tombstone of a saga that is closed holds nothing any more (design, section 4): the write that it refused is
// made again, and may replace exactly that one. One rule for all that lock a bot.

import type { SagaId } from '@reclaim/saga';

/** Whether these sagas still hold their keys; one that is missing from the answer does not. */
export type FindSagas = (
  ids: readonly SagaId[],
) => Promise<ReadonlyMap<SagaId, { readonly open: boolean }>>;

export async function isClosed(findSagas: FindSagas, sagaId: SagaId): Promise<boolean> {
  return (await findSagas([sagaId])).get(sagaId)?.open !== true;
}

/** @returns the answer of the last write: still a refusal where the other saga is open. */
export async function takingOver<R extends { readonly status: string }>(
  findSagas: FindSagas,
  write: (mayTakeOver: readonly SagaId[]) => Promise<R | OtherSaga>,
): Promise<R | OtherSaga> {
  const result = await write([]);
  if (!isOtherSaga(result) || !(await isClosed(findSagas, result.sagaId))) return result;
  return write([result.sagaId]);
}

interface OtherSaga {
  readonly status: 'other-saga';
  readonly sagaId: SagaId;
}

function isOtherSaga(result: { readonly status: string }): result is OtherSaga {
  return result.status === 'other-saga';
}
