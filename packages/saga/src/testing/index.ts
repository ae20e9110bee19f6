// What a definition is tested with, on no server: a saga log in memory, workers that die at every point, every order of
// events searched, time that passes only when a test lets it.

export { type CrashReport, crashEverywhere } from './crash/crash-everywhere.ts';
export type { CrashEnvironment, CrashTest, Interference, Trouble } from './crash/crash-test.ts';
export { failing, failingLater, NO_TROUBLE, troublesOf } from './crash/troubles.ts';
export type { CrashViolation } from './crash/violation.ts';
export type { Wire } from './crash/with-crash-points.ts';
export { createMemorySagaLog, type MemorySagaLog } from './log/memory-saga-log.ts';
export { type Breach, type Searched, searchEveryOrder } from './search/search-sagas.ts';
export type { Link, Services, ServiceTraits } from './simulation/link.ts';
export { brokenPromises } from './simulation/saga-oracle.ts';
export { type Chance, createChance } from './simulation/seeded-chance.ts';
export { simulate } from './simulation/simulate.ts';
export type {
  Setting,
  Simulated,
  SimulatedProcess,
  SimulatedSaga,
  Simulation,
  Troubles,
} from './simulation/simulation.ts';
export { startVirtualTime, type VirtualTime } from './simulation/virtual-time.ts';
