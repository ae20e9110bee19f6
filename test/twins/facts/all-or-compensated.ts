// The twins of I1: what each has a bug in, and who guards it.

import type { TwinFacts } from '../twin-facts.ts';

export const ALL_OR_COMPENSATED = {
  'swallowed-undo-error': {
    mechanism: 'an undo that failed is tried again, and then stuck for a person',
    file: 'packages/saga/src/machine/backward.ts',
    guardedBy: {
      'packages/saga/test/integration/runner.test.ts':
        'a compensation that fails: again with its own budget, then stuck, and a retry goes on backwards',
    },
    bug: 'an undo whose error is swallowed',
    breach: 'compensated, and the world is not as before',
  },
  'refusal-of-the-log-that-nobody-sees': {
    mechanism: 'what the log cannot hold leaves the saga stuck, with the reason',
    file: 'packages/saga/src/run/refused-events.ts',
    guardedBy: {
      'packages/saga/test/integration/poisoned-batch.test.ts':
        'what a step captured or left has %s: the saga is stuck with the reason, and goes on when it has none',
      'test/e2e/poisoned-mapping.test.ts':
        'a NUL in a field name of the mapping: stuck with its reason, and deleted when it is mended',
    },
    bug: 'a refusal of the log that is swallowed',
    breach: 'neither ended nor stuck, and no worker has it',
  },
  'undo-of-recorded-steps-only': {
    mechanism: 'compensation goes over every captured step, recorded as done or not',
    file: 'packages/saga/src/machine/backward.ts',
    guardedBy: {
      'packages/saga/test/unit/machine.test.ts':
        'compensated: every step with a capture was undone, or never had an effect (I1)',
      'packages/saga/test/integration/runner.test.ts':
        'the budget is used up: every captured step is undone in reverse, one that never ran too',
      'test/e2e/policies.test.ts':
        'restore: compensated, and everything is exactly as before; a repeat is a new saga',
    },
    bug: 'undo of recorded steps only',
    breach: 'compensated, and the world is not as before',
  },
  'removal-not-observed': {
    mechanism: 'a removal answers only when the bot was observed to be gone',
    file: 'src/bots/bots.ts',
    guardedBy: {
      'test/contracts/bots.ts': [
        'a dedicated bot removed: gone, and every repeat is harmless',
        'a program removed, before and after a stop: gone, twice, its neighbour runs on',
      ],
    },
    bug: 'a removal that does not observe',
    breach: 'completed without a warning, and the bot is still there',
  },
  'ended-by-those-who-answered': {
    mechanism:
      'a tombstone ends when every host that may hold the bot has answered that it is gone',
    file: 'src/deletion/finish-tombstone.ts',
    guardedBy: {
      'test/unit/finish-tombstone.test.ts':
        'the saga $saga, a host is away: what is found is removed, and nothing is gone before that host has answered',
    },
    bug: 'what some hosts show taken for all there is',
    breach: 'its tombstone has ended, and it runs on a host that was away',
  },
  'restart-of-the-deleted': {
    mechanism:
      'health leaves alone what a saga holds, a tombstone names or the wallet knows as settled',
    file: 'src/health/restraints.ts',
    guardedBy: {
      'test/e2e/pool-health.test.ts': [
        'an entry that the platform’s next write brought back: neither marked nor started',
        'a deletion that stands still: the bot is neither started nor marked',
      ],
    },
    bug: 'a restart that does not check the past',
    breach: 'a bot that was deleted runs again',
  },
  'an-end-that-gives-nothing-back': {
    mechanism:
      'an operator’s end releases what the saga holds outside: its lock, its tombstone, the slot',
    file: 'src/provisioning/release-provision.ts',
    guardedBy: {
      'test/e2e/provision-stuck.test.ts':
        'stuck: what it set aside is shown as at risk; resolved, its tombstone goes and its slot is free',
    },
    bug: 'an operator’s end that releases nothing',
    breach: 'ended by an operator, and its tombstone is closing for ever',
  },
  'platform-payment-unobserved': {
    mechanism: 'an allocation that is gone is searched for among the platform’s own payments',
    file: 'src/wallet/mongodb/platform-payments.ts',
    guardedBy: {
      'test/platform/both-deletes.test.ts': [
        'the platform pays under our lock: completed, its payment is the receipt, nothing is paid twice',
        'ten users, both at the same moment: all end, each is paid once',
      ],
    },
    bug: 'a payment of the platform that nobody looks for',
    breach: 'stuck, although the platform has paid',
  },
} as const satisfies Readonly<Record<string, TwinFacts>>;
