// The worlds that the restart of a bot is crashed in: a bot that has failed, and one that its owner deletes as soon as the
// restart rests. A bot is started once, never beside itself and never again after its deletion.

import type { Json } from '../../../packages/saga/src/json.ts';
import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import type { CrashTest } from '../../../packages/saga/src/testing/index.ts';
import type { PoolContainers } from '../../../src/bots/pool-containers.ts';
import { botKey } from '../../../src/deletion/bot-key.ts';
import { createDeleteBotSaga, DELETE_BOT } from '../../../src/deletion/delete-bot.ts';
import type { DeleteBotInput } from '../../../src/deletion/delete-bot-input.ts';
import { type InstanceId, toInstanceId } from '../../../src/domain/ids.ts';
import { createRestartBotSaga, restartOrder } from '../../../src/health/restart-bot.ts';
import { poolStateOf } from '../deletions.ts';
import { allocation } from '../users.ts';
import { type BotWorld, createBotWorld, differences, type Outside } from './bot-world.ts';
import { type Children, createChildren } from './children.ts';
import type { CrashServices } from './crash-services.ts';

interface Placed {
  readonly world: BotWorld;
  readonly instanceId: InstanceId;
  readonly children: Children;
  readonly before: Outside;
  /** Programs that were started, by whichever worker. */
  starts: number;
  isDeleted: boolean;
}

/** Of the search. Sixty runs at once on a busy machine may well take the twenty seconds after which a restart is given up and
 * its owner is told so: no crash has led there. */
const NO_DEADLINE_MS = 600_000;

export function restartTests(services: CrashServices): readonly CrashTest<Json, Placed>[] {
  const test: CrashTest<Json, Placed> = {
    begin: () => place(services),
    input: ({ world: { userId, firebaseUid }, instanceId }) =>
      restartOrder({ userId, firebaseUid, instanceId }, 1).input,
    define: (placed, wire, process) => {
      const own = services.processes[process];
      if (own === undefined) throw new RangeError('no process');
      const { events, healths, meter } = own.health;
      const ports = {
        ...placed.world.ports(wire, process),
        containers: wire('containers', counted(own.runtime.bots, placed), ['restart']),
        events: wire('events', events, ['add']),
        healths: wire('healths', healths, ['giveBack']),
        meter,
      };
      return createRestartBotSaga(ports, NO_DEADLINE_MS);
    },
    check: async (placed, saga) => {
      await expectRunning(services, placed, saga);
    },
    close: ({ world }) => world.close(),
  };
  return [
    test,
    {
      ...test,
      check: async (placed) => {
        await deleteOnce(placed);
        await expectGone(placed);
      },
    },
  ];
}

let placed = 0;

async function place(services: CrashServices): Promise<Placed> {
  placed += 1;
  const uid = `uid-r${placed}`;
  const instanceId = toInstanceId(`${uid}-bot-2`);
  const containerName = `freqtrade-pool-${uid}-pool-1`;
  const world = await createBotWorld(services, uid, {
    balance: 50,
    allocations: { [instanceId]: allocation(100, 110) },
    poolState: poolStateOf(uid),
    poolContainer: containerName,
  });
  await world.simulated.addPooled({ instanceId: `${uid}-bot-1`, containerName });
  await world.simulated.addPooled({ instanceId, containerName, program: 'EXITED' });
  const children = createChildren(services, () => [
    createDeleteBotSaga(world.ports((_, service) => service, 0)),
  ]);
  return { world, instanceId, children, before: await world.read(), starts: 0, isDeleted: false };
}

function counted({ restart }: Pick<PoolContainers, 'restart'>, placed: Placed) {
  return {
    restart: async (...call: Parameters<typeof restart>) => {
      const outcome = await restart(...call);
      if (outcome === 'started') placed.starts += 1;
      return outcome;
    },
  };
}

/** It runs, or was left as it was; nothing else has changed, its owner was told of one outcome, and its key is free. */
async function expectRunning(
  { db, logs: [log] }: CrashServices,
  { world, instanceId, before, starts }: Placed,
  saga: SagaRecord,
): Promise<void> {
  const observed = await world.read();
  const key = botKey({ userId: world.userId, instanceId });
  const [holders, told] = await Promise.all([
    log.findHolders([key]),
    db.collection('botEvents').find({ jobId: saga.id }).toArray(),
  ]);
  const { program } = before.bots.find((bot) => bot.instanceId === instanceId) ?? {};
  const allowed = saga.state.phase === 'completed' ? ['RUNNING'] : ['RUNNING', program];
  const now = observed.bots.find((bot) => bot.instanceId === instanceId)?.program;
  const bots = before.bots.map((bot) =>
    bot.instanceId === instanceId ? { ...bot, program: now } : bot,
  );
  const wrong = [
    ...differences(observed, { ...before, bots }),
    ...(allowed.includes(now)
      ? []
      : [`its program is ${now}, and its owner was told ${told.map(({ detail }) => detail)}`]),
    ...(starts > 1 ? [`it was started ${starts} times`] : []),
    ...(told.length > 1 ? [`its owner was told ${told.map(({ detail }) => detail)}`] : []),
    ...(told.length === 0 && saga.state.phase === 'completed'
      ? ['its owner was told nothing']
      : []),
    ...(holders.size > 0 ? ['its key is still held'] : []),
  ];
  if (wrong.length > 0) throw new Error(wrong.join('; '));
}

async function deleteOnce(placed: Placed): Promise<void> {
  if (placed.isDeleted) return;
  placed.isDeleted = true;
  const { world, instanceId, children } = placed;
  const { userId, firebaseUid } = world;
  const { state } = await children.runToRest({
    kind: DELETE_BOT,
    subject: userId,
    requestedBy: 'a crash test',
    input: {
      ...{ userId, firebaseUid, instanceId },
      onStopFailure: 'restore',
      stopTimeoutMs: 30_000,
    } satisfies DeleteBotInput,
  });
  if (state.phase !== 'completed') throw new Error(`the deletion is ${state.phase}`);
}

async function expectGone({ world, instanceId, starts }: Placed): Promise<void> {
  const { user, bots } = await world.read();
  const left = bots.filter((bot) => bot.instanceId === instanceId);
  const wrong = [
    ...(left.length > 0 ? [`it was deleted, and is ${left[0]?.program}`] : []),
    ...(starts > 1 ? [`it was started ${starts} times`] : []),
    ...differences(user.paperWallet, { balance: 160 }),
  ];
  if (wrong.length > 0) throw new Error(wrong.join('; '));
}
