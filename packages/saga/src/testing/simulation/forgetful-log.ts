// The log of a simulation. Every now and then, while the majority is behind, the primary is lost: what it alone has
// acknowledged is forgotten, of all sagas at once.

import type { SagaRecord } from '../../log/record.ts';
import { createMemorySagaLog, type MemorySagaLog } from '../log/memory-saga-log.ts';
import { LOG, type Weather } from './link.ts';

export function createForgetfulLog(
  weather: Weather,
  onWrite: (saga: SagaRecord) => void,
): MemorySagaLog {
  const { time, chance, trace, awayUntilMs } = weather;
  const rate = chance.pick([0, 0.1, 0.3, 0.7]);
  const log = createMemorySagaLog(time, {
    onWrite,
    lagMs: () => {
      if (weather.isCalm || !chance.hits(rate)) return chance.between(1, 10);
      const behindMs = chance.between(2, chance.pick([10, 60, 2_000]));
      setTimeout(() => {
        if (weather.isCalm) return;
        trace(`failover: ${log.failOver()} forgotten`);
        if (chance.hits(0.3)) awayUntilMs.set(LOG, time.nowMs() + chance.between(50, 12_000));
      }, behindMs);
      return behindMs + chance.between(1, 50);
    },
  });
  return log;
}
