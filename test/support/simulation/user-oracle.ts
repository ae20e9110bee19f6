// What must be true of users after a simulation of their synchronisations, whatever the runs say (I1, I2, I4, I5, I8, I12).

import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import {
  brokenPromises,
  type Simulated,
  type SimulatedSaga,
} from '../../../packages/saga/src/testing/index.ts';
import { botKey } from '../../../src/deletion/bot-key.ts';
import { paidBy, RECLAIM_ORPHAN } from '../../../src/deletion/reclaim-orphan.ts';
import { PROVISION_BOT } from '../../../src/provisioning/provision-bot.ts';
import { RUN_REPORT, SYNC_RESULT } from '../../../src/sync/sync-reports.ts';
import { SYNC_RUN, SYNC_WALLET } from '../../../src/sync/sync-wallet-input.ts';
import { isBotGone, isListed } from '../../fakes/bot-world.ts';
import { OPENING_MINOR, VALUE_MINOR } from '../../fakes/wallet-world.ts';
import { broken, ORPHAN_SEEN_FOR_MS, PROVEN_FOR_MS } from './oracle.ts';
import type { Drift } from './user-plot.ts';
import { type DriftedBot, isThere, type UserWorld } from './user-simulation.ts';

type Run = SimulatedSaga<UserWorld>;

/** @returns the promises that are broken. */
export function brokenOfUsers(simulated: Simulated<UserWorld>): readonly string[] {
  const worlds = [...new Set(simulated.sagas.map(({ world }) => world))];
  const records = simulated.sagas.map(({ saga }) => saga);
  const [{ shared } = { shared: null }] = worlds;
  return [
    ...brokenPromises(simulated),
    ...[...(shared?.ground.givenTwice ?? [])].map((place) => `I5: given twice: ${place}`),
    ...simulated.sagas.flatMap((run) => brokenRun(run, simulated.sagas)),
    ...worlds.flatMap((world) => [
      ...brokenUser(world),
      ...world.bots.flatMap((bot) =>
        [...brokenMoney(bot, records), ...brokenBot(bot, world)].map(
          (promise) => `${promise} (${bot.drift} ${bot.names.instanceId})`,
        ),
      ),
    ]),
  ];
}

/** Each bot's money was paid back by one saga, once, or stands where it stood. */
function brokenMoney(
  { names, wallet, drift, findings }: DriftedBot,
  records: readonly SagaRecord[],
): readonly string[] {
  const { payments, ledger, balanceMinor, allocation, isResurrected, reserved } = wallet;
  const ofBot = records.filter(({ key }) => key === botKey(names));
  const payers = payments.flatMap(({ sagaId }) => ofBot.filter(({ id }) => id === sagaId));
  const hadMoney = reserved !== null || !MONEYLESS.has(drift);
  const setAsideMinor = reserved === null ? 0 : VALUE_MINOR;
  // What a provision that went back has paid it says in no result of a refund.
  const refunders = payers.filter(({ kind }) => kind !== PROVISION_BOT);
  const isStanding = drift !== 'orphan';
  const isPaid = payments.length > 0;
  return broken({
    [`I2: paid ${payments.length} times`]: payments.length > 1,
    [`I2: ${payments.length} payments, of ${payers.length} sagas`]:
      payers.length !== payments.length,
    'I1: paid, and its saga does not say so': refunders.some((saga) => paidBy(saga) === null),
    'I6: paid, and its saga went back': refunders.some(({ state }) => state.phase !== 'completed'),
    'I2: a saga says that it paid, and nothing was paid':
      !isPaid && ofBot.some((saga) => paidBy(saga) !== null),
    [`I11: the balance is ${balanceMinor}`]:
      balanceMinor !== OPENING_MINOR - setAsideMinor + payments.length * VALUE_MINOR,
    [`I11: the ledger has ${ledger.size} entries`]:
      ledger.size !== payments.length + (reserved === null ? 0 : 1),
    'I4: a bot that stood there was paid as an orphan':
      isStanding && payers.some(({ kind }) => kind === RECLAIM_ORPHAN),
    'I4: an orphan was paid that ran': payers.some(
      ({ id, kind }) =>
        kind === RECLAIM_ORPHAN &&
        payments.some(
          ({ sagaId, runningForMs }) => sagaId === id && runningForMs > ORPHAN_SEEN_FOR_MS,
        ),
    ),
    'I1: its money is nowhere': hadMoney && !isPaid && allocation === null,
    'I1: paid, and the allocation is there': isPaid && allocation !== null,
    'an allocation is back, and nobody was told': isResurrected && !findings.has('resurrected'),
    'I1: not paid, and it is locked': !isPaid && (allocation?.lock ?? null) !== null,
  });
}

const MONEYLESS: ReadonlySet<Drift> = new Set(['stale', 'ghost', 'new']);
const BOTLESS: ReadonlySet<Drift> = new Set(['orphan', 'stale', 'new']);

/** A bot stands where it stood unless it was deleted; then nothing of it is left. */
function brokenBot(place: DriftedBot, { last, shared }: UserWorld): readonly string[] {
  const { drift, bot, wallet, names } = place;
  const { payments } = wallet;
  const skipped = last?.result?.data.skipped ?? [];
  const reason = skipped.find(({ botId }) => botId === names.instanceId)?.reason ?? null;
  const isPaid = payments.length > 0;
  const stands = isThere(place);
  const wasThere = wallet.reserved !== null || !BOTLESS.has(drift);
  const lastPaidMs = Math.max(...payments.map(({ atMs }) => atMs));
  const statuses = shared.tombstones.statusesOf(names.instanceId);
  return broken({
    'I5: Docker was changed under an older claim': bot.outrunForMs > PROVEN_FOR_MS,
    'I4: it was there, and was removed': wasThere && !isPaid && !stands,
    'I1: paid, and the bot is still there': isPaid && !isBotGone(bot),
    'I1: paid, and the entry is still there': isPaid && isListed(bot),
    [`I1: paid, and the tombstones are ${statuses}`]: isPaid && !statuses.includes('ended'),
    [`I1: a tombstone is ${statuses}`]: statuses.some(
      (status) => status === 'open' || status === 'settled',
    ),
    'I5: started again after it was paid': isPaid && bot.restartsAtMs.some((ms) => ms > lastPaidMs),
    'I1: an orphan was never paid': drift === 'orphan' && !isPaid && isBotGone(bot),
    'its entry is lost, and no run says why':
      wallet.allocation !== null && stands && !isListed(bot) && reason === null,
    'its entry is stale, and no run says why':
      drift === 'stale' && !stands && isListed(bot) && reason === null,
  });
}

/** A run in calm weather that comes after another finds nothing to do (I12). */
function brokenUser({ last, answers, bots }: UserWorld): readonly string[] {
  const { result = null } = last ?? {};
  const held = bots.filter(({ wallet }) => wallet.allocation !== null).length;
  return broken({
    'I12: the second run has no result': result === null,
    'I12: the second run has paid': result !== null && result.returnedMinor !== 0,
    'I12: the second run found orphans': result !== null && result.orphans !== 0,
    'I12: the second run put entries right':
      result !== null && result.rebuiltEntries.length + result.removedEntries.length > 0,
    'I12: the second run changed something': last !== null && last.before !== last.after,
    [`I4: the second run sees ${result?.data.validAllocations.length} of ${held} bots`]:
      result !== null && result.data.validAllocations.length !== held,
    'I8: a restart stood in the way of a DELETE': answers.has('held-by'),
    'a suspect is left': last !== null && last.suspects > 0,
  });
}

/** What a run says, held against the sagas that it began. */
function brokenRun({ saga, written }: Run, all: readonly Run[]): readonly string[] {
  if (saga.kind !== SYNC_WALLET) return [];
  const { trigger } = SYNC_RUN.read(saga.input);
  const begun = all.filter(({ saga: { parent } }) => parent === saga.id);
  const keys = begun.map((child) => child.saga.key);
  const cleaned = SYNC_RESULT.readOrNull(saga.result)?.data.cleanedBots ?? null;
  const unsaid = begun.filter(
    (child) =>
      paidBy(child.saga) !== null &&
      !child.written.some(({ state }) => state.phase === 'stuck') &&
      cleaned?.some(({ botId }) => child.saga.key.endsWith(`/${botId}`)) === false,
  );
  return broken({
    'I8: a run has begun two reclaimings of one bot': new Set(keys).size !== keys.length,
    'I4: a page that was opened has paid': trigger === 'passive' && begun.length > 0,
    'I4: a reclaiming was begun on one observation': begun.some(
      ({ saga: { key } }) => !isConfirmed(written, key),
    ),
    'I8: a run does not say what its own reclaiming has paid': unsaid.length > 0,
  });
}

/** Whether the run's log says that a second observation found this bot nowhere. */
function isConfirmed(written: readonly SagaRecord[], key: string): boolean {
  return written.some(({ state }) => {
    const confirmed = RUN_REPORT.readOrNull(
      state.steps.find(({ name }) => name === 'confirm')?.value ?? null,
    );
    return confirmed?.drifts.some(
      ({ instanceId, outcome, second }) =>
        key.endsWith(`/${instanceId}`) && outcome === 'confirmed' && second?.docker === 'no',
    );
  });
}

/** What is to be seen in these worlds. */
export function sightsOfUsers({ sagas }: Simulated<UserWorld>): readonly string[] {
  const bots = sagas.flatMap(({ world }) => world.bots);
  return [
    ...sagas.flatMap(({ saga }) => (saga.kind === SYNC_WALLET ? sightsOfRun(saga) : [])),
    ...sagas.flatMap(({ world }) => [...world.answers].map((answer) => `a DELETE is ${answer}`)),
    ...bots.flatMap(({ bot, wallet, drift }) => [
      ...(bot.restartsAtMs.length > 0 ? ['restarted'] : []),
      ...(wallet.isResurrected ? ['resurrected'] : []),
      ...(drift === 'orphan' && wallet.payments.length === 0 ? ['an orphan that was none'] : []),
    ]),
  ];
}

function sightsOfRun({ input, state }: SagaRecord): readonly string[] {
  const repair = RUN_REPORT.readOrNull(
    state.steps.find(({ name }) => name === 'repair')?.value ?? null,
  );
  return [
    `${SYNC_RUN.read(input).trigger} ${state.phase}`,
    ...(repair?.drifts ?? []).map(
      ({ verdict, outcome, reason }) => `${verdict} ${reason ?? outcome}`,
    ),
  ];
}
