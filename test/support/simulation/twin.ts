// A bug, seeded into what is simulated: what stands here takes the place of the real thing, and nothing else changes.

import type { DeletionPorts } from '../../../src/deletion/steps/step-ports.ts';
import type { SagaDefinition } from '../../../src/saga/definition.ts';
import type { SagaLog } from '../../../src/saga/ports/saga-log.ts';
import type { WalletRules } from './wallet.ts';

export interface Twin {
  readonly rules?: Partial<WalletRules>;
  readonly definition?: (real: SagaDefinition, seen: Seen) => SagaDefinition;
  readonly ports?: (real: DeletionPorts) => DeletionPorts;
  readonly log?: (real: SagaLog) => SagaLog;
}

/** What a twin may use beside the real thing. */
export interface Seen {
  /** The log itself, with no wire before it. */
  readonly log: SagaLog;
}
