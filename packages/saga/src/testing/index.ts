// What a definition is tested with, on no server: a saga log in memory, workers that die at every point, every order of
// events searched, time that passes only when a test lets it.

export { createMemorySagaLog, type MemorySagaLog } from './log/memory-saga-log.ts';
export { type Chance, createChance } from './simulation/seeded-chance.ts';
export { startVirtualTime, type VirtualTime } from './simulation/virtual-time.ts';
