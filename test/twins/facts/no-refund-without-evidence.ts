// The twins of I4: what each has a bug in, who guards it, and how it is caught.

import { at, type TwinFacts } from '../twin-facts.ts';

export const NO_REFUND_WITHOUT_EVIDENCE = [
  {
    name: 'docker-error-as-empty-list',
    invariant: 'I4',
    mechanism: {
      what: 'a source answers with items or with `unknown`',
      file: 'src/domain/source.ts',
    },
    guardedBy: [
      at(
        'docker/bots-faults.full.test.ts',
        'a listing that breaks off: unknown, wherever it breaks',
      ),
      at(
        'docker/bots-faults.full.test.ts',
        'one of two hosts does not answer: unknown, though the other has no such bot',
      ),
      at(
        'e2e/sync-vetoes.test.ts',
        'a host that %s: 200, skipped with the reason, nothing moves; repaired when it is back',
      ),
    ],
    title: 'an error of Docker as an empty list: a live bot is paid back, and caught',
    breach: 'a bot that runs was paid back',
  },
  {
    name: 'unreadable-file-as-no-bots',
    invariant: 'I4',
    mechanism: {
      what: 'a pool state that is torn or missing is unknown',
      file: 'src/pool-state/file/pool-file-reader.ts',
    },
    guardedBy: [
      at(
        'contracts/pool-states.ts',
        'the state cannot be read: unknown, and a change refuses without writing',
      ),
      at(
        'e2e/sync-vetoes.test.ts',
        'a pool state file that is %s: 200, skipped with the reason, nothing moves; repaired when it is back',
      ),
    ],
    title: 'an unreadable pool state as no bots: a bot in the making is paid back, and caught',
    breach: 'a bot in the making was paid back',
  },
  {
    name: 'unreadable-row-as-no-row',
    invariant: 'I4',
    mechanism: {
      what: 'a row that cannot be read hides its own bot',
      file: 'src/pool-state/unreadable-rows.ts',
    },
    guardedBy: [
      at(
        'platform/old-rows.test.ts',
        'rows that lack what old versions did not write, and one without a port: all but its own bot are served',
      ),
      at(
        'unit/pool-state-format.test.ts',
        'a field of the wrong kind: its row is hidden with the reason, its bots with it, and written back as it stands',
      ),
    ],
    title: 'a row that cannot be read left out: a bot in the making is paid back, and caught',
    breach: 'a bot behind a row that cannot be read was paid back',
  },
  {
    name: 'empty-host-trusted',
    invariant: 'I4',
    mechanism: {
      what: 'a host that lost everything is unknown until a person confirms it',
      file: 'src/bots/hosts/host-trust.ts',
    },
    guardedBy: [
      at(
        'integration/host-trust.test.ts',
        'where bots were seen: unknown, with a reason that names them',
      ),
      at(
        'integration/host-trust.test.ts',
        'where the file places bots: unknown, until they are observed gone',
      ),
    ],
    title: 'an empty host that is trusted: a lost disk pays bots back, and caught',
    breach: 'a host without its disk was believed',
  },
  {
    name: 'stranger-host-trusted',
    invariant: 'I4',
    mechanism: {
      what: 'a host that has never shown a bot is unknown while there is money in bots',
      file: 'src/bots/hosts/host-trust.ts',
    },
    guardedBy: [
      at(
        'e2e/foreign-host.test.ts',
        'a button, a page, a run over all users, forced: unknown, nothing moves; confirmed: paid',
      ),
      at(
        'integration/host-trust.test.ts',
        'that never held anything while there is money in bots: unknown, a neighbour with bots notwithstanding, until it is confirmed',
      ),
    ],
    title: 'an unknown host that is trusted: a wrong daemon pays a bot back, and caught',
    breach: 'a host without a history was believed',
  },
  {
    name: 'no-second-observation',
    invariant: 'I4',
    mechanism: {
      what: 'a second observation, bot by bot, before anything is repaired',
      file: 'src/sync/confirm-bots.ts',
    },
    guardedBy: [
      at(
        'e2e/sync-vetoes.test.ts',
        'a mapping that is pending: left alone for ten minutes, or as long as nobody can tell since when; then paid',
      ),
      at(
        'e2e/sync-vetoes.test.ts',
        'the host stops answering between the observations: unknown, nothing moves',
      ),
    ],
    title: 'no second observation: a bot in the making is paid back, and caught',
    breach: 'a bot in the making was paid back',
  },
  {
    name: 'no-observation-before-payment',
    invariant: 'I4',
    mechanism: {
      what: 'every source answers absent once more right before an orphan is paid',
      file: 'src/deletion/reclaim-orphan.ts',
    },
    guardedBy: [
      at('e2e/sync-vetoes.test.ts', 'a live bot, %s: compensated, everything as before'),
      at(
        'e2e/sync-vetoes.test.ts',
        'Docker cannot say right before the payment: compensated, and the entry is back',
      ),
      at(
        'e2e/sync-provision.full.test.ts',
        'provisions racing with synchronisations: every bot lives, and none of its money is returned',
      ),
    ],
    title: 'no observation before the payment: a bot that came back is paid, and caught',
    breach: 'a bot that runs was paid back',
  },
  {
    name: 'file-claim-believed',
    invariant: 'I4',
    mechanism: {
      what: 'a claim of the pool state that the wallets contradict names no owner, and is evidence of nothing',
      file: 'src/bots/locate-owned.ts',
    },
    guardedBy: [
      at(
        'docker/believed-claims.test.ts',
        'a container of its own given to another by its mapping: its owner is not paid back while it runs',
      ),
      at(
        'docker/believed-claims.test.ts',
        'another user’s bot as one’s own: 404, the victim’s program runs on, reported; the victim deletes it',
      ),
    ],
    title:
      'a mapping that is believed against the wallets: a bot that runs is paid back, and caught',
    breach: 'a bot that runs was paid back',
  },
  {
    name: 'plain-name-is-all',
    invariant: 'I4',
    mechanism: {
      what: 'a program whose bot is unknown leaves every bot in doubt that was not found',
      file: 'src/bots/supervisor/match-programs.ts',
    },
    guardedBy: [
      at(
        'contracts/bots.ts',
        'a program that nobody can tell the bot of: who is not found beside it is in doubt, who is found is found',
      ),
      at(
        'docker/program-names.full.test.ts',
        'a bot in a group, and one with a process name of its own: stopped, taken out, paid; their neighbour runs on (I4)',
      ),
      at(
        'docker/program-names.full.test.ts',
        'a program that nobody can tell the bot of: who was not found is unknown, not paid and not failed; who was found is (I4)',
      ),
    ],
    title: 'no program under its plain name as no bot: one that runs is paid back, and caught',
    breach: 'a bot under another name was paid back',
  },
  {
    name: 'name-without-id',
    invariant: 'I4',
    mechanism: {
      what: 'a container that was observed to be a bot is queried by its id, under any name',
      file: 'src/bots/remember-containers.ts',
    },
    guardedBy: [
      at(
        'docker/renamed.test.ts',
        'of a bot that was seen before: live to every observation whatever it is called, stopped and removed by DELETE (I3, I4)',
      ),
      at(
        'docker/renamed.test.ts',
        'of a bot that was never seen: unknown, with the reason, to every observation; not paid by a sync, and named by a DELETE (I4)',
      ),
      at(
        'contracts/bots.ts',
        'a container that holds the name without being called so: the bot is in doubt, and no other',
      ),
    ],
    title: 'a bot known by its name alone: renamed, it is paid back while it runs, and caught',
    breach: 'a renamed bot was paid back',
  },
  {
    name: 'first-start-pays',
    invariant: 'I4',
    mechanism: {
      what: 'beside a platform, automatic runs only report until the first report is confirmed',
      file: 'src/sync/first-report.ts',
    },
    guardedBy: [
      at(
        'platform/first-start.test.ts',
        'its runs only look, until an administrator has confirmed the first report',
      ),
    ],
    title: 'a first start that takes the data for its own: its first run pays, and is caught',
    breach: 'a run that nobody asked for was to pay',
  },
  {
    name: 'label-as-identity',
    invariant: 'I4',
    mechanism: {
      what: 'a label alone is a claim: its container is evidence, and never touched',
      file: 'src/bots/locate-owned.ts',
    },
    guardedBy: [
      at(
        'docker/renamed.test.ts',
        'that somebody else wrote, or an image handed down: holds a sync back, is reported, and its container is never touched (I4)',
      ),
    ],
    title: 'a label that is trusted alone: a foreign container is removed, and caught',
    breach: 'a container that only carries a label was touched',
  },
] as const satisfies readonly TwinFacts[];
