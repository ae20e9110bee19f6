// A bug, seeded into what is simulated: what stands here takes the place of the real thing, and nothing else changes.

import type { SagaDefinition } from '../../../packages/saga/src/definition.ts';
import type { SagaLog } from '../../../packages/saga/src/log/saga-log.ts';
import type { Absence } from '../../../src/deletion/reclaim-orphan.ts';
import type { DeletionPorts } from '../../../src/deletion/steps/step-ports.ts';
import type { HealthPorts } from '../../../src/health/health-ports.ts';
import type { SyncAllPorts } from '../../../src/sync/sync-ports.ts';
import type { WalletRules } from '../../fakes/wallet-world.ts';

export interface Twin {
  readonly rules?: Partial<WalletRules>;
  readonly definition?: (real: SagaDefinition, observed: PresenceAnswer) => SagaDefinition;
  readonly ports?: (real: DeletionPorts) => DeletionPorts;
  readonly absence?: Absence;
  readonly sync?: (real: SyncAllPorts) => SyncAllPorts;
  readonly health?: (real: HealthPorts) => HealthPorts;
  readonly log?: (real: SagaLog) => SagaLog;
}

/** What a twin may use beside the real thing. */
export interface PresenceAnswer {
  /** The log itself, with no wire before it. */
  readonly log: SagaLog;
}
