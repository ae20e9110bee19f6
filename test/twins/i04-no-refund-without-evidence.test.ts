// I4: money goes back when a bot is known to be nowhere, never because nobody could tell.

import type { SagaDefinition, StepCall } from '../../packages/saga/src/definition.ts';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import type { Bots } from '../../src/bots/bots.ts';
import { createSimulatedBots } from '../../src/bots/simulator/simulated-bots.ts';
import type { ObservedBot } from '../../src/domain/bot.ts';
import { toUserId } from '../../src/domain/ids.ts';
import { ok, type SourceAnswer } from '../../src/domain/source.ts';
import { createMongoFindings } from '../../src/findings/mongo-findings.ts';
import { findInstallation } from '../../src/main/installation.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import type { PoolStates } from '../../src/pool-state/pool-states.ts';
import { UNREADABLE } from '../../src/pool-state/unreadable-rows.ts';
import { createFirstReport } from '../../src/sync/first-report.ts';
import type { SyncAllInput } from '../../src/sync/sync-all-input.ts';
import { RUN_REPORT } from '../../src/sync/sync-reports.ts';
import { type PlacedBot, placeBot, poolStateOf } from '../support/deletions.ts';
import { allocation, INCARNATION, putUser, readUser } from '../support/users.ts';
import { type Breaches, breaches, twinsOf } from './bite.ts';
import { createLab, type Lab, type Twist } from './support/lab.ts';
import { deleteToRest, reclaimToRest, syncToRest } from './support/lab-sagas.ts';

twinsOf('I4', {
  'docker-error-as-empty-list': async (part) => {
    const lab = await createLab();
    const bot = await placeBot(lab, 'dedicated');
    const twist: Twist = { ports: ({ bots }) => ({ bots: withoutErrors(bots) }) };
    const worker = await lab.worker(part === 'twin' ? twist : {});
    await lab.world.injectFaults({ host: 'simulated' }, { unreachable: true });
    await syncToRest(worker, bot);
    return unpaid(lab, bot, 'a bot that runs was paid back');
  },

  // The file is torn while the platform makes the bot: its entry says pending, its program is not there yet.
  'unreadable-file-as-no-bots': async (part) => {
    const lab = await createLab(pendingState());
    const bot = await putBotInTheMaking(lab);
    const twist: Twist = {
      ports: ({ poolStates }) => ({ poolStates: emptyWhereUnreadable(poolStates) }),
    };
    const worker = await lab.worker(part === 'twin' ? twist : {});
    await lab.poolFile.overwrite(JSON.stringify(pendingState()).slice(0, 200));
    await syncToRest(worker, bot);
    return unpaid(lab, bot, 'a bot in the making was paid back');
  },

  // As the platform's older versions may have written it: all is there, and its port is no number.
  'unreadable-row-as-no-row': async (part) => {
    const lab = await createLab();
    const bot = await putBotInTheMaking(lab);
    const state = pendingState();
    const odd = { ...state.botMapping[IN_THE_MAKING], port: 'nine' };
    await lab.poolFile.overwrite(
      JSON.stringify({ ...state, pools: {}, botMapping: { [IN_THE_MAKING]: odd } }),
    );
    const twist: Twist = { ports: ({ poolStates }) => ({ poolStates: readableAlone(poolStates) }) };
    const worker = await lab.worker(part === 'twin' ? twist : {});
    await syncToRest(worker, bot);
    return unpaid(lab, bot, 'a bot behind a row that cannot be read was paid back');
  },

  // The daemon has lost its disk: it answers, and holds nothing.
  'empty-host-trusted': async (part) => {
    const lab = await createLab();
    const bot = await placeBot(lab, 'dedicated');
    const twist: Twist = { hostTrust: { judge: async () => 'trusted' } };
    const worker = await lab.worker(part === 'twin' ? twist : {});
    await syncToRest(worker, bot);
    await lab.connection.collection('simulatedBots').deleteMany({});
    await syncToRest(worker, bot);
    return unpaid(lab, bot, 'a host without its disk was believed');
  },

  // The first start, at a daemon that holds nothing: the bot runs on another one.
  'stranger-host-trusted': async (part) => {
    const lab = await createLab(undefined, { areHostsKnown: false });
    const instanceId = `${UID}-bot-2`;
    const bots = { [instanceId]: allocation(100, 110) };
    const userId = await putUser(lab.connection, { balance: BALANCE, bots, firebaseUid: UID });
    const twist: Twist = { hostTrust: { judge: async () => 'trusted' } };
    const worker = await lab.worker(part === 'twin' ? twist : {});
    const bot = { uid: UID, userId, instanceId };
    await syncToRest(worker, bot);
    return unpaid(lab, bot, 'a host without a history was believed');
  },

  'no-second-observation': async (part) => {
    const lab = await createLab(pendingState());
    const bot = await putBotInTheMaking(lab);
    await lab.world.addPool({ containerName: 'freqtrade-pool-uid-one-pool-1' });
    const worker = await lab.worker(
      part === 'twin' ? { definition: believeTheFirstObservation } : {},
    );
    await syncToRest(worker, bot);
    return unpaid(lab, bot, 'a bot in the making was paid back');
  },

  // Two looks found nothing; before the payment the bot is there.
  'no-observation-before-payment': async (part) => {
    const lab = await createLab();
    const bot = await placeBot(lab, 'dedicated');
    const twist: Twist = { absence: { check: async () => ({ status: 'absent' }) } };
    const worker = await lab.worker(part === 'twin' ? twist : {});
    await reclaimToRest(worker, bot);
    return unpaid(lab, bot, 'a bot that runs was paid back');
  },

  // The file gives the running bot to another user, whose wallet holds nothing of it; nobody but the wallets tells.
  'file-claim-believed': async (part) => {
    const instanceId = `${UID}-bot-2`;
    const lab = await createLab(givenTo('uid-two', instanceId));
    const bots = { [instanceId]: allocation(100, 110) };
    const userId = await putUser(lab.connection, { balance: BALANCE, bots, firebaseUid: UID });
    await lab.world.addDedicated({ instanceId });
    const twist: Twist = {
      ports: ({ wallets }) => ({ wallets: { ...wallets, otherHolders: async () => [OTHER] } }),
    };
    const worker = await lab.worker(part === 'twin' ? twist : {});
    const bot = { uid: UID, userId, instanceId };
    await syncToRest(worker, bot);
    return unpaid(lab, bot, 'a bot that runs was paid back');
  },

  // supervisord calls it otherwise, its conf file is lost, and so is its entry.
  'plain-name-is-all': async (part) => {
    const lab = await createLab();
    const bot = await putBotInTheMaking(lab);
    const containerName = 'freqtrade-pool-uid-one-pool-1';
    await lab.world.addPool({ containerName, strangers: ['live:main'] });
    const twist: Twist = { ports: ({ bots }) => ({ bots: withoutErrors(bots) }) };
    const worker = await lab.worker(part === 'twin' ? twist : {});
    await syncToRest(worker, bot);
    return unpaid(lab, bot, 'a bot under another name was paid back');
  },

  // Somebody renames its container between two synchronisations.
  'name-without-id': async (part) => {
    const lab = await createLab();
    const bot = await putBotInTheMaking(lab);
    const { instanceId } = bot;
    await lab.world.addDedicated({ instanceId });
    const now = () => new Date();
    const bots = createSimulatedBots({ connection: lab.connection, now });
    const worker = await lab.worker(part === 'twin' ? { ports: () => ({ bots }) } : {});
    await syncToRest(worker, bot);
    await lab.world.rename(instanceId, 'somebody-elses-idea');
    await syncToRest(worker, bot);
    return unpaid(lab, bot, 'a renamed bot was paid back');
  },

  // A container that was made of a copy of the bot's image, with its labels.
  'label-as-identity': async (part) => {
    const lab = await createLab();
    const bot = await putBotInTheMaking(lab);
    const { instanceId, uid } = bot;
    const labels = { instanceId, userId: uid };
    await lab.world.addDedicated({ instanceId, labels, containerName: 'a-copy' });
    const twist: Twist = { ports: ({ bots }) => ({ bots: labelsBelieved(bots) }) };
    const worker = await lab.worker(part === 'twin' ? twist : {});
    await deleteToRest(worker, bot);
    const { dedicated } = await lab.world.snapshot();
    return breaches({
      'a container that only carries a label was touched': dedicated[0]?.running !== true,
    });
  },

  'first-start-pays': async (part) => {
    const { connection } = await createLab();
    const bots = { [IN_THE_MAKING]: allocation(100, 110) };
    await putUser(connection, { balance: BALANCE, bots, firebaseUid: UID });
    const { isBesidePlatform } = await findInstallation(connection);
    const orders: SyncAllInput[] = [];
    const report = createFirstReport({
      findings: createMongoFindings(connection),
      isBesidePlatform: part === 'real' && isBesidePlatform,
      startSyncAll: async (input) => {
        orders.push(input);
        return { id: toSagaId('sya-000000000001') };
      },
    });
    await report.startPassive('system:start');
    const isPaying = orders.length !== 1 || orders.some(({ dryRun }) => !dryRun);
    return breaches({ 'a run that nobody asked for was to pay': isPaying });
  },
});

const OTHER = toUserId('6500000000000000000000ff');

function givenTo(userId: string, instanceId: string): PoolState {
  const { botMapping, ...rest } = poolStateOf(UID);
  const mapping = botMapping[instanceId];
  if (mapping === undefined) throw new Error('no such sample');
  const containerName = `freqtrade-${instanceId}`;
  const given = { ...mapping, poolId: 'dedicated', containerName, userId };
  return { ...rest, pools: {}, botMapping: { [instanceId]: given } };
}

function labelsBelieved(bots: Bots): Bots {
  const believed = (observed: ObservedBot): ObservedBot => {
    if (observed.kind !== 'dedicated') return observed;
    const { byLabelAlone: _claim, ...own } = observed;
    return own;
  };
  return {
    ...bots,
    locate: async (query, call) => {
      const answer = await bots.locate(query, call);
      return answer.status === 'ok'
        ? ok(answer.items.map(believed), answer.observedAt)
        : { ...answer, found: answer.found.map(believed) };
    },
  };
}

const BALANCE = 50;
const UID = 'uid-one';
const IN_THE_MAKING = `${UID}-bot-2`;

async function unpaid(lab: Lab, { userId }: PlacedBot, breach: string): Promise<Breaches> {
  const { paperWallet } = await readUser(lab.connection, userId);
  return breaches({ [breach]: paperWallet.balance !== BALANCE });
}

function pendingState(): PoolState {
  const { botMapping, ...rest } = poolStateOf(UID);
  const createdAt = new Date().toISOString();
  const pending = Object.entries(botMapping)
    .filter(([id]) => id === IN_THE_MAKING)
    .map(([id, mapping]) => [id, { ...mapping, status: 'pending', createdAt }]);
  return { ...rest, botMapping: Object.fromEntries(pending) };
}

async function putBotInTheMaking({ connection }: Lab): Promise<PlacedBot> {
  const bots = { [IN_THE_MAKING]: allocation(100, 110) };
  const userId = await putUser(connection, { balance: BALANCE, bots, firebaseUid: UID });
  return { uid: UID, userId, instanceId: IN_THE_MAKING };
}

function withoutErrors(bots: Bots): Bots {
  return {
    ...bots,
    locate: async (query, call) => {
      const answer = await bots.locate(query, call);
      return answer.status === 'ok' ? answer : ok(answer.found, new Date());
    },
    hasManaged: async (host, call) => or(await bots.hasManaged(host, call), false),
    list: async (host, owner, call) => {
      const listing = await bots.list(host, owner, call);
      return { ...listing, answer: or(listing.answer, []), unknownPools: [] };
    },
  };
}

function emptyWhereUnreadable(poolStates: PoolStates): PoolStates {
  const empty: PoolState = { pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: '' };
  return { ...poolStates, read: async (call) => or(await poolStates.read(call), empty) };
}

function readableAlone(poolStates: PoolStates): PoolStates {
  return {
    ...poolStates,
    read: async (call) => {
      const answer = await poolStates.read(call);
      if (answer.status !== 'ok') return answer;
      const { [UNREADABLE]: _rows, ...rest } = answer.items;
      return ok(rest, answer.observedAt);
    },
  };
}

function or<T>(answer: SourceAnswer<T>, nothing: T): SourceAnswer<T> {
  return answer.status === 'ok' ? answer : ok(nothing, new Date());
}

function believeTheFirstObservation(definition: SagaDefinition): SagaDefinition {
  const confirm = async (call: StepCall) => {
    const run = RUN_REPORT.read(call.results.observe);
    const drifts = run.drifts.map((note) => ({
      ...note,
      allocation: note.allocation && { ...note.allocation, incarnationId: INCARNATION },
      outcome: 'confirmed' as const,
    }));
    return { value: RUN_REPORT.write({ ...run, drifts }) };
  };
  const steps = definition.steps.map((step) =>
    step.name === 'confirm' ? { ...step, run: confirm } : step,
  );
  return { ...definition, steps };
}
