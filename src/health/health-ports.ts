// What health works with.

import type { Sagas } from '@reclaim/saga';
import type { Findings } from '../deletion/ports/findings.ts';
import type { PoolStates } from '../deletion/ports/pool-states.ts';
import type { Tombstones } from '../deletion/ports/tombstones.ts';
import type { HealthSettings } from './health-settings.ts';
import type { BotEvents } from './ports/bot-events.ts';
import type { BotHealths } from './ports/bot-healths.ts';
import type { HealthMeter } from './ports/health-meter.ts';
import type { HealthRounds } from './ports/health-rounds.ts';
import type { Owners } from './ports/owners.ts';
import type { PoolContainers } from './ports/pool-containers.ts';
import type { RestraintPorts } from './restraints.ts';

export interface HealthPorts extends RestraintPorts {
  readonly findings: Pick<Findings, 'report'>;
  readonly poolStates: Pick<PoolStates, 'read' | 'mutate'>;
  readonly tombstones: Pick<Tombstones, 'findForBot' | 'hurry'>;
  readonly containers: Pick<PoolContainers, 'lookAtAll'>;
  readonly owners: Owners;
  readonly healths: BotHealths;
  readonly events: BotEvents;
  readonly rounds: HealthRounds;
  readonly meter: HealthMeter;
  readonly sagas: Pick<Sagas, 'findHolders' | 'start'>;
  readonly settings: HealthSettings;
  /** Database time, ms. */
  readonly nowMs: () => number;
}
