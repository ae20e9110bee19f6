// The twins of I4: what each has a bug in, and who guards it.

import type { TwinFacts } from '../twin-facts.ts';

export const NO_REFUND_WITHOUT_EVIDENCE = {
  'docker-error-as-empty-list': {
    mechanism: 'a source answers with items or with `unknown`',
    file: 'src/domain/source.ts',
    guardedBy: {
      'test/unit/locate-owned.test.ts': 'one host shows %s, one is away: unknown',
      'test/docker/bots-faults.full.test.ts':
        'a listing that breaks off: unknown, wherever it breaks',
      'test/contracts/bots.ts':
        'a host is away: of a bot that the other one does not have nobody says that it is nowhere',
      'test/e2e/sync-vetoes.test.ts':
        'a host that %s: 200, skipped with the reason, nothing moves; repaired when it is back',
    },
    bug: 'an error of Docker as an empty list',
    breach: 'a bot that runs was paid back',
  },
  'unreadable-file-as-no-bots': {
    mechanism: 'a pool state that is torn or missing is unknown',
    file: 'src/pool-state/file/pool-file-reader.ts',
    guardedBy: {
      'test/contracts/pool-states.ts':
        'the state cannot be read: unknown, and a change refuses without writing',
      'test/e2e/sync-vetoes.test.ts':
        'a pool state file that is %s: 200, skipped with the reason, nothing moves; repaired when it is back',
    },
    bug: 'an unreadable pool state as no bots',
    breach: 'a bot in the making was paid back',
  },
  'unreadable-row-as-no-row': {
    mechanism: 'a row that cannot be read hides its own bot',
    file: 'src/pool-state/unreadable-rows.ts',
    guardedBy: {
      'test/platform/old-rows.test.ts':
        'rows that lack what old versions did not write, and one without a port: all but its own bot are served',
      'test/unit/pool-state-format.test.ts':
        'a field of the wrong kind: its row is hidden with the reason, its bots with it, and written back as it stands',
    },
    bug: 'a row that cannot be read left out',
    breach: 'a bot behind a row that cannot be read was paid back',
  },
  'empty-host-trusted': {
    mechanism: 'a host that lost everything is unknown until a person confirms it',
    file: 'src/bots/hosts/host-trust.ts',
    guardedBy: {
      'test/integration/host-trust.test.ts': [
        'where bots were seen: unknown, with a reason that names them',
        'where the file places bots: unknown, until they are observed gone',
      ],
    },
    bug: 'an empty host that is trusted',
    breach: 'a host without its disk was believed',
  },
  'stranger-host-trusted': {
    mechanism: 'a host that has never shown a bot is unknown while there is money in bots',
    file: 'src/bots/hosts/host-trust.ts',
    guardedBy: {
      'test/e2e/foreign-host.test.ts':
        'a button, a page, a run over all users, forced: unknown, nothing moves; confirmed: paid',
      'test/integration/host-trust.test.ts':
        'that never held anything while there is money in bots: unknown, a neighbour with bots notwithstanding, until it is confirmed',
    },
    bug: 'an unknown host that is trusted',
    breach: 'a host without a history was believed',
  },
  'one-observation-only': {
    mechanism: 'a second observation, bot by bot, before anything is repaired',
    file: 'src/sync/confirm-bots.ts',
    guardedBy: {
      'test/e2e/sync-vetoes.test.ts': [
        'a mapping that is pending: left alone for ten minutes, or as long as nobody can tell since when; then paid',
        'the host stops answering between the observations: unknown, nothing moves',
      ],
    },
    bug: 'no second observation',
    breach: 'a bot in the making was paid back',
  },
  'no-observation-before-payment': {
    mechanism: 'every source answers absent once more right before an orphan is paid',
    file: 'src/deletion/reclaim-orphan.ts',
    guardedBy: {
      'test/e2e/sync-vetoes.test.ts': [
        'a live bot, %s: compensated, everything as before',
        'Docker cannot say right before the payment: compensated, and the entry is back',
      ],
      'test/e2e/sync-provision.full.test.ts':
        'provisions racing with synchronisations: every bot lives, and none of its money is returned',
    },
    bug: 'no observation before the payment',
    breach: 'a bot that runs was paid back',
  },
  'file-claim-believed': {
    mechanism:
      'a claim of the pool state that the wallets contradict names no owner, and is evidence of nothing',
    file: 'src/bots/locate-owned.ts',
    guardedBy: {
      'test/e2e/sync-vetoes.test.ts':
        'the pool state gives a bot that runs to another user, whose wallet holds nothing of it: its owner is not paid back (I4)',
      'test/docker/believed-claims.test.ts':
        'another user’s bot as one’s own: 404, the victim’s program runs on, reported; the victim deletes it',
    },
    bug: 'a mapping that is believed against the wallets',
    breach: 'a bot that runs was paid back',
  },
  'plain-name-is-all': {
    mechanism: 'a program whose bot is unknown leaves every bot in doubt that was not found',
    file: 'src/bots/supervisor/match-programs.ts',
    guardedBy: {
      'test/unit/match-programs.test.ts': '%s: in doubt',
      'test/contracts/bots.ts':
        'a program that nobody can tell the bot of: who is not found beside it is in doubt, who is found is found',
    },
    bug: 'no program under its plain name as no bot',
    breach: 'a bot under another name was paid back',
  },
  'name-without-id': {
    mechanism: 'a container that was observed to be a bot is queried by its id, under any name',
    file: 'src/bots/remember-containers.ts',
    guardedBy: {
      'test/e2e/sync-vetoes.test.ts':
        'a container that an operator renames between two runs: its bot is known by the id, and not paid back (I4)',
      'test/docker/renamed.test.ts':
        'of a bot that was seen before: live to every observation whatever it is called, stopped and removed by DELETE (I3, I4)',
      'test/contracts/bots.ts':
        'a container that holds the name without being called so: the bot is in doubt, and no other',
    },
    bug: 'a bot known by its name alone',
    breach: 'a renamed bot was paid back',
  },
  'first-start-pays': {
    mechanism: 'beside a platform, automatic runs only report until the first report is confirmed',
    file: 'src/sync/first-report.ts',
    guardedBy: {
      'test/platform/first-start.test.ts':
        'its runs only observe, until an administrator has confirmed the first report',
    },
    bug: 'a first start that takes the data for its own',
    breach: 'a run that nobody asked for was to pay',
  },
  'label-as-identity': {
    mechanism: 'a label alone is a claim: its container is evidence, and never touched',
    file: 'src/bots/locate-owned.ts',
    guardedBy: {
      'test/e2e/sync-vetoes.test.ts':
        'a container that bears the labels alone: a DELETE does not touch it (I4)',
    },
    bug: 'a label that is trusted alone',
    breach: 'a container that only carries a label was touched',
  },
} as const satisfies Readonly<Record<string, TwinFacts>>;
