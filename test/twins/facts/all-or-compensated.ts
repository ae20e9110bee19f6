// The twins of I1: what each has a bug in, who guards it, and how it is caught.

import { at, inEngine, type TwinFacts } from '../twin-facts.ts';

export const ALL_OR_COMPENSATED = [
  {
    name: 'swallowed-undo-error',
    invariant: 'I1',
    mechanism: {
      what: 'an undo that failed is tried again, and then stuck for a person',
      file: 'packages/saga/src/machine/backward.ts',
    },
    guardedBy: [
      inEngine(
        'integration/runner.test.ts',
        'a compensation that fails: again with its own budget, then stuck, and a retry goes on backwards',
      ),
    ],
    title: 'an undo whose error is swallowed: the bot stays stopped, and caught',
    breach: 'compensated, and the world is not as before',
  },
  {
    name: 'refusal-of-the-log-that-nobody-sees',
    invariant: 'I1',
    mechanism: {
      what: 'what the log cannot hold leaves the saga stuck, with the reason',
      file: 'packages/saga/src/run/refused-events.ts',
    },
    guardedBy: [
      inEngine(
        'integration/poisoned-batch.test.ts',
        'what a step captured or left has %s: the saga is stuck with the reason, and goes on when it has none',
      ),
      at(
        'e2e/poisoned-mapping.test.ts',
        'a NUL in a field name of the mapping: stuck with its reason, and deleted when it is mended',
      ),
    ],
    title: 'a refusal of the log that is swallowed: a saga is stuck without a report, and caught',
    breach: 'neither ended nor stuck, and no worker has it',
  },
  {
    name: 'undo-of-recorded-steps-only',
    invariant: 'I1',
    mechanism: {
      what: 'compensation goes over every captured step, recorded as done or not',
      file: 'packages/saga/src/machine/backward.ts',
    },
    guardedBy: [
      inEngine(
        'unit/machine.test.ts',
        'compensated: every step with a capture was undone, or never had an effect (I1)',
      ),
      inEngine(
        'integration/runner.test.ts',
        'the budget is used up: every captured step is undone in reverse, one that never ran too',
      ),
      at(
        'e2e/policies.test.ts',
        'restore: compensated, and everything is exactly as before; a repeat is a new saga',
      ),
    ],
    title: 'undo of recorded steps only: a pool entry is lost, and caught',
    breach: 'compensated, and the world is not as before',
  },
  {
    name: 'removal-not-observed',
    invariant: 'I1',
    mechanism: {
      what: 'a removal answers only when the bot was observed to be gone',
      file: 'src/bots/bots.ts',
    },
    guardedBy: [
      at('contracts/bots.ts', 'a dedicated bot removed: gone, and every repeat is harmless'),
      at(
        'contracts/bots.ts',
        'a program removed, before and after a stop: gone, twice, its neighbour runs on',
      ),
    ],
    title: 'a removal that does not observe: the bot stays, and caught',
    breach: 'completed without a warning, and the bot is still there',
  },
  {
    name: 'ended-by-those-who-answered',
    invariant: 'I1',
    mechanism: {
      what: 'a tombstone ends when every host that may hold the bot has answered that it is gone',
      file: 'src/deletion/finish-tombstone.ts',
    },
    guardedBy: [
      at(
        'unit/finish-tombstone.test.ts',
        'the saga $saga, a host is away: what is found is removed, and nothing is gone before that host has answered',
      ),
    ],
    title:
      'what some hosts show taken for all there is: the bot runs on elsewhere, forgotten, and caught',
    breach: 'its tombstone has ended, and it runs on a host that was away',
  },
  {
    name: 'restart-of-the-deleted',
    invariant: 'I1',
    mechanism: {
      what: 'health leaves alone what a saga holds, a tombstone names or the wallet knows as settled',
      file: 'src/health/restraints.ts',
    },
    guardedBy: [
      at(
        'e2e/pool-health.test.ts',
        'an entry that the platform’s next write brought back: neither marked nor started',
      ),
      at(
        'e2e/pool-health.test.ts',
        'a deletion that stands still: the bot is neither started nor marked',
      ),
    ],
    title: 'a restart that does not check the past: a deleted bot runs again, and caught',
    breach: 'a bot that was deleted runs again',
  },
  {
    name: 'an-end-that-gives-nothing-back',
    invariant: 'I1',
    mechanism: {
      what: 'an operator’s end releases what the saga holds outside: its lock, its tombstone, the slot',
      file: 'src/provisioning/release-provision.ts',
    },
    guardedBy: [
      at(
        'e2e/provision-stuck.test.ts',
        'stuck: what it set aside is shown as at risk; resolved, its tombstone goes and its slot is free',
      ),
    ],
    title: 'an operator’s end that releases nothing: the tombstone keeps its slot, and caught',
    breach: 'ended by an operator, and its tombstone is closing for ever',
  },
  {
    name: 'platform-payment-unobserved',
    invariant: 'I1',
    mechanism: {
      what: 'an allocation that is gone is searched for among the platform’s own payments',
      file: 'src/wallet/mongodb/platform-payments.ts',
    },
    guardedBy: [
      at(
        'platform/both-deletes.test.ts',
        'the platform pays under our lock: completed, its payment is the receipt, nothing is paid twice',
      ),
      at(
        'platform/both-deletes.test.ts',
        'ten users, both at the same moment: all end, each is paid once',
      ),
    ],
    title:
      'a payment of the platform that nobody looks for: stuck, although it was paid, and caught',
    breach: 'stuck, although the platform has paid',
  },
] as const satisfies readonly TwinFacts[];
