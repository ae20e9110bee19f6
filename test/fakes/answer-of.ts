// I4: a source that does not answer is unknown, not empty.

import { SagaError } from '../../packages/saga/src/errors.ts';
import { ok, unknown } from '../../src/domain/source.ts';

export async function answerOf<T>(ask: () => Promise<T>) {
  try {
    return ok(await ask(), new Date(0));
  } catch (error) {
    if (error instanceof SagaError) return unknown(error.message);
    throw error;
  }
}
