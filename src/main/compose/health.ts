// The wiring of health: its memory, its checks, its saga and what owners are shown. The engine that runs the saga is
// made from its definition, so health gets it as a promise of the same object.

import type { Clock, Sagas } from '@reclaim/saga';
import type { Db } from 'mongodb';
import type { Registry as MetricsRegistry } from 'prom-client';
import type { DeletionPorts } from '../../deletion/steps/step-ports.ts';
import { createHealthMetrics, registerHealthGauges } from '../../health/health-metrics.ts';
import type { HealthPorts } from '../../health/health-ports.ts';
import { createHealthService } from '../../health/health-service.ts';
import { HEALTH_SETTINGS } from '../../health/judge-bot.ts';
import { createMongoBotEvents } from '../../health/mongodb/bot-events.ts';
import { createMongoBotHealths } from '../../health/mongodb/bot-healths.ts';
import { createMongoHealthRounds } from '../../health/mongodb/health-rounds.ts';
import { createMongoOwners } from '../../health/mongodb/owners.ts';
import { createRestartBotSaga } from '../../health/restart-bot.ts';
import type { Config } from '../config.ts';
import type { BotRuntime } from './bots.ts';

export interface HealthServicesOptions {
  readonly config: Config;
  readonly db: Db;
  readonly clock: Clock;
  readonly metrics: MetricsRegistry;
  readonly deletionPorts: DeletionPorts;
  readonly runtime: BotRuntime;
  /** The engine; needed only when a round runs. */
  readonly sagas: () => Sagas;
}

export function createHealth(options: HealthServicesOptions) {
  const { config, db, clock, metrics, deletionPorts, runtime, sagas } = options;
  const healths = createMongoBotHealths(db);
  const events = createMongoBotEvents(db);
  const rounds = createMongoHealthRounds(db);
  const meter = createHealthMetrics(metrics);
  registerHealthGauges(metrics, { healths, rounds, isOn: config.healthEveryMs > 0 });
  const containers = runtime.bots;
  const nowMs = () => clock.nowMs();
  const ports: HealthPorts = {
    ...deletionPorts,
    containers,
    owners: createMongoOwners(db),
    healths,
    events,
    rounds,
    meter,
    sagas: {
      start: (order) => sagas().start(order),
      findHolders: (keys) => sagas().findHolders(keys),
    },
    settings: HEALTH_SETTINGS,
    nowMs,
  };
  return {
    ports,
    service: createHealthService({ healths, events, wallets: deletionPorts.wallets, nowMs }),
    definitions: [createRestartBotSaga({ ...deletionPorts, containers, events, healths, meter })],
  };
}
