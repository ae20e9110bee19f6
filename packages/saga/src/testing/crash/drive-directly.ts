// The next worker comes when the scenario says so: at once, which is the worst moment, since the dead one's last
// calls have just landed and its lease is made to run out. No time passes in it, so thousands of runs are possible.

import type { SagaRecord } from '../../log/record.ts';
import type { WakeUps } from '../../queue/wake-ups.ts';
import type { Clock } from '../../run/clock.ts';
import type { Scene } from './crash-run.ts';
import { createCrashWorker } from './crash-worker.ts';
import { logAt, sagasOf, twistOf } from './scene-parts.ts';

const LEASE_MS = 15_000;
/** More turns than any saga needs with a death at each end. */
const MAX_TURNS = 80;

const NOBODY: WakeUps = { wake: async () => undefined, revive: async () => 'revived' };

/** @returns the saga at rest. */
export async function driveDirectly(scene: Scene): Promise<SagaRecord> {
  const { ground, order, world, workers } = scene;
  let passedMs = 0;
  const clock: Clock = {
    nowMs: () => ground.clock.nowMs() + passedMs,
    monotonicMs: () => ground.clock.monotonicMs() + passedMs,
  };
  const sagas = sagasOf(scene, NOBODY, clock);
  const { id } = (await sagas.start(world.order)).saga;
  let worker = nextWorker();
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    const end = await worker.run(id);
    if (end.status === 'at-rest' && end.saga !== null) return end.saga;
    if (end.status === 'dead') {
      passedMs += LEASE_MS + 1;
      worker = nextWorker();
    } else if (end.status === 'later') {
      passedMs += Math.max(0, end.atMs - clock.nowMs()) + 1;
    }
    await ground.expire(id);
  }
  throw new Error(`saga ${id} does not come to rest`);

  function nextWorker() {
    const number = workers.length;
    const dead = [...workers];
    const next = createCrashWorker({
      fate: order.fates[number] ?? {},
      twist: twistOf(order.scenario, sagas, number),
      clock,
      leaseMs: LEASE_MS,
      leases: { hold: () => comeBackBeside(scene, dead), drop: () => undefined },
      log: logAt(ground, number),
      define: (plan) => world.define(plan, number % ground.logs.length),
    });
    workers.push(next);
    return next;
  }
}

/** As soon as another holds the claim. */
function comeBackBeside({ order, returned }: Scene, dead: Scene['workers']): void {
  if (order.back === 'beside-the-next') returned.push(...dead.map((one) => one.letLoose()));
}
