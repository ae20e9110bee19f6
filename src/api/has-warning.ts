// Whether a saga has ended, or goes on, with a warning of this code.

import type { SagaRecord } from '@reclaim/saga';

export function hasWarning({ state }: Pick<SagaRecord, 'state'>, code: string): boolean {
  return state.warnings.some((warning) => warning.code === code);
}
