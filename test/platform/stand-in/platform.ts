// A small stand-in for the platform that works on the same data: what its routes do to the wallets, its memory to the pool
// state, and both to the containers. Written from its behaviour.

import { toUserId } from '../../../src/domain/ids.ts';
import type { PlacedBot, Stage } from '../../support/deletions.ts';
import { putUser, users } from '../../support/users.ts';
import { createGateway, type Gateway, type GatewayOptions } from './gateway.ts';
import { createOrchestrator, type Orchestrator, type OrchestratorOptions } from './orchestrator.ts';
import { type Programs, simulatedPrograms } from './programs.ts';

export interface Platform extends Gateway, Orchestrator {
  readonly programs: Programs;
  /** POST /api/freqtrade/provision: the bot, then its money, by the copy that was read before. */
  provision(uid: string, instanceId: string, amount: number): Promise<void>;
  /** DELETE /api/freqtrade/bots/:id: the bot, then its money, by the copy that was read before. */
  delete(uid: string, instanceId: string): Promise<void>;
  /** Its user, if they are new, and a bot that it provisions for them. */
  place(bot?: NewBot): Promise<PlacedBot>;
}

export interface NewBot {
  readonly uid?: string;
  /** Default: the one that its page proposes. */
  readonly instanceId?: string;
  readonly allocated?: number;
  /** What the bot says of itself from then on; null: it does not answer. */
  readonly live?: number | null;
  /** What a user who is new has left in the wallet. */
  readonly balance?: number;
}

export interface PlatformOptions extends GatewayOptions, OrchestratorOptions {
  readonly programs?: Programs;
}

export function createPlatform(
  stage: Stage,
  { programs = simulatedPrograms(stage), ...options }: PlatformOptions = {},
): Platform {
  const gateway = createGateway(stage.db, options);
  const orchestrator = createOrchestrator(stage, programs, options);
  const platform: Platform = {
    ...gateway,
    ...orchestrator,
    programs,
    provision: async (uid, instanceId, amount) => {
      const user = await gateway.read(uid);
      await orchestrator.start(uid, instanceId);
      await gateway.allocate(user, instanceId, amount);
    },
    delete: async (uid, instanceId) => {
      const user = await gateway.read(uid);
      const cashedOut = await orchestrator.remove(instanceId);
      await gateway.payBack(user, instanceId, cashedOut);
    },
    place: async ({ uid = 'uid-one', allocated = 100, live = 110, balance = 50, ...bot } = {}) => {
      const instanceId = bot.instanceId ?? orchestrator.nextId(uid);
      const known = await users(stage.db).findOne({ firebaseUid: uid });
      const start = { balance: balance + allocated, bots: {}, firebaseUid: uid };
      const userId = known ? toUserId(String(known._id)) : await putUser(stage.db, start);
      await platform.provision(uid, instanceId, allocated);
      await stage.world.setLiveValue(instanceId, live);
      return { uid, userId, instanceId };
    },
  };
  return platform;
}
