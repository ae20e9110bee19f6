// What health works with.

import type { Sagas } from '@reclaim/saga';
import type { PoolContainers } from '../bots/pool-containers.ts';
import type { Findings } from '../findings/findings.ts';
import type { PoolStates } from '../pool-state/pool-states.ts';
import type { Tombstones } from '../tombstones/tombstones.ts';
import type { BotEvents } from './bot-events.ts';
import type { BotHealths } from './bot-healths.ts';
import type { HealthMeter } from './health-metrics.ts';
import type { HealthSettings } from './judge-bot.ts';
import type { HealthRounds } from './mongodb/health-rounds.ts';
import type { Owners } from './mongodb/owners.ts';
import type { RestraintPorts } from './restraints.ts';

export interface HealthPorts extends RestraintPorts {
  readonly findings: Pick<Findings, 'report'>;
  readonly poolStates: Pick<PoolStates, 'read' | 'mutate'>;
  readonly tombstones: Pick<Tombstones, 'findForBot' | 'makeDue'>;
  readonly containers: Pick<PoolContainers, 'observeAll'>;
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
