// What must be true of the world after a simulation, whatever the log says (I1, I2, I4, I5, I6, I9, I10, I11).

import {
  brokenPromises,
  type Simulated,
  type SimulatedSaga,
} from '../../../packages/saga/src/testing/index.ts';
import { RECLAIM_ORPHAN } from '../../../src/deletion/reclaim-orphan.ts';
import { PROVISION_BOT } from '../../../src/provisioning/provision-bot.ts';
import { isBotGone, isListed } from '../../fakes/bot-world.ts';
import { OPENING_MINOR, VALUE_MINOR } from '../../fakes/wallet-world.ts';
import type { SimulatedWorld } from './bot-simulation.ts';

type SimulatedBot = SimulatedSaga<SimulatedWorld>;

/** @returns the promises that are broken. */
export function brokenOf(simulated: Simulated<SimulatedWorld>): readonly string[] {
  const twice = simulated.sagas.flatMap(({ world }) => [...world.shared.ground.givenTwice]);
  return [
    ...brokenPromises(simulated),
    ...simulated.sagas.flatMap((saga) => brokenOfBot(saga)),
    ...[...new Set(twice)].map((place) => `I5: given twice: ${place}`),
  ];
}

function brokenOfBot(simulated: SimulatedBot): readonly string[] {
  const { world, isCancelPromised } = simulated;
  const { payments } = world.wallet;
  return [
    ...broken({
      [`I2: paid ${payments.length} times`]: payments.length > 1,
      'I6: paid after a cancel was promised':
        world.plot.kind !== PROVISION_BOT && isCancelPromised && payments.length > 0,
      'I5: Docker was changed under an older claim': world.bot.outrunForMs > PROVEN_FOR_MS,
    }),
    ...(world.plot.kind === PROVISION_BOT ? brokenProvision(simulated) : brokenDeletion(simulated)),
  ];
}

function brokenDeletion(simulated: SimulatedBot): readonly string[] {
  const { phase } = simulated.saga.state;
  return [
    ...brokenByPayment(simulated),
    ...(phase === 'completed' ? brokenWhenCompleted(simulated) : []),
    ...(phase === 'compensated' || phase === 'cancelled' ? brokenWhenBack(simulated) : []),
  ];
}

/** A worker that has proved its claim is believed for a tenth of a second, and its proof may have taken a second. */
export const PROVEN_FOR_MS = 1_150;

/** The promises whose condition holds. */
export function broken(found: Readonly<Record<string, boolean>>): readonly string[] {
  return Object.entries(found).flatMap(([promise, isBroken]) => (isBroken ? [promise] : []));
}

/** One attempt at the refund, which looks first, takes no longer; and a moment. */
export const ORPHAN_SEEN_FOR_MS = 21_000;
/** The observation of the stop's own attempt may stand for it, and that one takes as long. */
const BOT_SEEN_FOR_MS = 41_000;

// Money that leaves while its bot has been running for longer than any last observation can be old was sent without one.
function brokenByPayment({ world }: SimulatedBot): readonly string[] {
  const { plot } = world;
  const { payments } = world.wallet;
  const hasRunFor = (ms: number) => payments.some(({ runningForMs }) => runningForMs > ms);
  if (plot.kind === RECLAIM_ORPHAN) {
    return broken({ 'I4: an orphan was paid that ran': hasRunFor(ORPHAN_SEEN_FOR_MS) });
  }
  const mayRun = plot.policy === 'refund';
  return broken({ 'I5: paid while the bot ran': !mayRun && hasRunFor(BOT_SEEN_FOR_MS) });
}

function brokenWhenCompleted({ world }: SimulatedBot): readonly string[] {
  const { plot, wallet, bot, shared, names, findings } = world;
  const { payments, allocation, isResurrected, balanceMinor, ledger } = wallet;
  const [status = 'not there'] = shared.tombstones.statusesOf(names.instanceId);
  return broken({
    'I1: completed, not paid': payments.length === 0,
    'I1: completed, and the allocation is there': allocation !== null,
    'an allocation is back, and nobody was told': isResurrected && !findings.has('resurrected'),
    [`I2: the balance is ${balanceMinor}`]: balanceMinor !== OPENING_MINOR + VALUE_MINOR,
    'I11: the ledger does not know the payment': ledger.size !== 1,
    'I1: completed, and the bot is still there': plot.bot.isRunning && !isBotGone(bot),
    'I1: completed, and the entry is still there': isListed(bot),
    [`I1: completed, and the tombstone is ${status}`]: status !== 'ended',
  });
}

function brokenWhenBack({ saga, world }: SimulatedBot): readonly string[] {
  const { plot, wallet, bot, shared, names } = world;
  const { phase } = saga.state;
  const [status = 'withdrawn'] = shared.tombstones.statusesOf(names.instanceId);
  const isPaid = wallet.payments.length > 0 || wallet.balanceMinor !== OPENING_MINOR;
  const isAsBefore = isListed(bot) === plot.bot.isListed;
  const hasStopped = plot.bot.isRunning && (bot.runningSinceMs === null || bot.conf !== 'present');
  return broken({
    [`I6: ${phase}, and paid`]: isPaid,
    [`I1: ${phase}, and the allocation is gone`]: wallet.allocation === null,
    [`I1: ${phase}, and its lock is there`]: wallet.allocation?.lock?.sagaId === saga.id,
    [`I1: ${phase}, and its tombstone is ${status}`]: status !== 'withdrawn',
    [`I1: ${phase}, and the bot is not as it was`]: hasStopped,
    [`I1: ${phase}, and the entry is not as it was`]: !isAsBefore,
  });
}

// One bot that runs, in its place and with its money; or nothing of it anywhere.
function brokenProvision({ saga, world, isCancelPromised }: SimulatedBot): readonly string[] {
  const { wallet, bot, shared, names } = world;
  const { phase } = saga.state;
  const { balanceMinor, allocation, reserved, ledger, payments } = wallet;
  const [status = 'not there'] = shared.tombstones.statusesOf(names.instanceId);
  const isDone = phase === 'completed';
  const wanted = isDone ? OPENING_MINOR - VALUE_MINOR : OPENING_MINOR;
  const entries = reserved === null ? 0 : isDone ? 1 : 2;
  const hasAll = allocation !== null && isListed(bot) && bot.program === 'RUNNING';
  const hasAny = allocation !== null || isListed(bot) || !isBotGone(bot);
  const isOver = status === 'ended' || status === 'not there' || status === 'withdrawn';
  return broken({
    'I6: made after a cancel was promised': isCancelPromised && isDone,
    [`I11: ${phase}, and the balance is ${balanceMinor}`]: balanceMinor !== wanted,
    [`I11: ${phase}, and the ledger has ${ledger.size} entries`]: ledger.size !== entries,
    [`I2: ${phase}, and paid back ${payments.length} times`]: isDone && payments.length > 0,
    'I1: completed, and something of the bot is missing': isDone && !hasAll,
    'I1: completed, and it is locked': isDone && allocation?.lock !== null,
    [`I1: ${phase}, and something of the bot is left`]: !isDone && hasAny,
    [`I1: ${phase}, and its tombstone is ${status}`]: isDone ? status !== 'not there' : !isOver,
  });
}
