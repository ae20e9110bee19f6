// The soak's oracle is only worth its runs if it can be angry: evidence in order passes, and each thing that is put
// out of order is named by the invariant it breaks.

import { ObjectId } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { createPromises } from '../../soak/load/promises.ts';
import { judgeBots } from '../../soak/oracle/bots.ts';
import type { Evidence, SagaEvidence } from '../../soak/oracle/evidence.ts';
import { judgeJobs } from '../../soak/oracle/jobs.ts';
import { judgeLastRun, type Snapshot, withoutStatuses } from '../../soak/oracle/last-run.ts';
import { judgeMoney } from '../../soak/oracle/money.ts';
import { createVerdict } from '../../soak/verdict.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import { sampleMapping } from '../support/pool-state-samples.ts';

const DEPOSIT = new ObjectId().toHexString();
const GONE = 'soak0-bot-1';
const THERE = 'soak0-bot-2';
const AT_MS = Date.parse('2026-11-01T10:00:00Z');

function saga(changes: Partial<SagaEvidence> = {}): SagaEvidence {
  return {
    ...{ id: 'del-1', kind: 'delete-bot', key: `bot/u/${GONE}`, phase: 'completed', open: false },
    ...{ epoch: 1, instanceId: GONE, createdAtMs: 0, finishedAtMs: 1_000 },
    result: { wallet: { returned: 110.12, newBalance: 120.3704 } },
    ...changes,
  };
}

/** One user with 10.0004, a deposit of 0.25, one bot deleted at 110.125 and one that lives; then what is changed. */
function evidence(changes: Changes = {}): Evidence {
  const { balance = 120.3704, balanceAfter = 120.3704, payments = 1, bots = [THERE] } = changes;
  const entry = {
    ...{ type: 'deallocate', opId: 'settle.1', botId: GONE, seq: 1, balanceAfter: 120.3704 },
    ...{ amount: 110.12, amountMinor: 11_012, pnlMinor: 1_012, exactValue: '110.125' },
    ...changes.entry,
  };
  const entries = Array.from({ length: payments }, (_, n) => ({ ...entry, seq: n + 1 }));
  const user = {
    paperWallet: { balance },
    walletTransactions: [
      { _id: changes.deposit ?? DEPOSIT, type: 'deposit', amount: 0.25, balanceAfter: 10.2504 },
      { type: 'deallocate', opId: 'settle.1', amount: 110.12, balanceAfter },
    ],
    botAllocations: Object.fromEntries(bots.map((id) => [id, { currentValue: 100 }])),
  };
  const place = { uid: 'soak0', userId: 'u', opening: '10.0004', pool: null };
  const container = { kind: 'dedicated', running: true, restartPolicy: 'unless-stopped' };
  const alive = changes.containers ?? [THERE];
  return {
    atMs: AT_MS,
    users: [{ who: { ...place, firstBots: [GONE, THERE] }, user, entries }],
    sagas: [saga(changes.saga)],
    entries: new Map([[GONE, entries]]),
    containers: new Map(alive.map((id) => [id, [{ ...container, ...changes.container }]])),
    pools: { pools: {}, botMapping: changes.botMapping ?? {}, nextPoolId: 1, updatedAt: '' },
    findings: [],
  };
}

interface Changes {
  readonly balance?: number;
  readonly balanceAfter?: number;
  readonly deposit?: string;
  readonly payments?: number;
  readonly entry?: object;
  readonly bots?: readonly string[];
  readonly containers?: readonly string[];
  readonly container?: object;
  readonly saga?: Partial<SagaEvidence>;
  readonly botMapping?: PoolState['botMapping'];
}

function judge(found: Evidence, lost: readonly string[] = []): string[] {
  const verdict = createVerdict();
  const promises = createPromises();
  promises.named('del-1');
  const platform = {
    deposits: new Set([`soak0/${DEPOSIT}`]),
    valuesOf: () => new Set([110.125]),
  };
  const faultSource = { lost: new Set(lost), crashed: new Set<string>() };
  judgeMoney(found, platform, verdict);
  judgeBots(found, faultSource, verdict);
  judgeJobs(found, promises, new Map([['del-1', 'completed']]), verdict);
  return [...new Set(verdict.all().map(({ invariant }) => invariant))];
}

const WRONG = { returned: 110.12, newBalance: 1 };

describe('the oracle of the soak', () => {
  it('everything in order: nothing to say', () => {
    expect(judge(evidence())).toEqual([]);
  });

  it.each<[string, string, Changes]>([
    ['a balance that is 0.0001 too high', 'I11', { balance: 120.3705 }],
    ['a row that states another balance', 'I2', { balanceAfter: 120.38 }],
    ['a deposit that is gone', 'I11', { deposit: 'other' }],
    ['a bot that was paid twice', 'I2', { payments: 2 }],
    ['a row without an entry', 'I11', { payments: 0 }],
    ['an amount rounded up', 'I2', { entry: { amountMinor: 11_013, amount: 110.13 } }],
    ['a value that the bot never had', 'I2', { entry: { exactValue: '111.125' } }],
    ['a deleted bot that is allocated', 'I1', { bots: [GONE, THERE] }],
    ['a deleted bot that runs', 'I1', { containers: [GONE, THERE] }],
    ['a bot that has lost its allocation', 'I1', { bots: [] }],
    ['an allocation without a bot', 'I3', { containers: [] }],
    ['a bot that was not started again', 'I1', { container: { running: false } }],
    ['an orphan that was none', 'I4', { saga: { kind: 'reclaim-orphan' } }],
    ['a result that is not what was paid', 'I1', { saga: { result: { wallet: WRONG } } }],
    ['a promised job that does not exist', 'I7', { saga: { id: 'del-2' } }],
    ['a promised job that is open', 'I10', { saga: { open: true } }],
    ['an end that was another when it was shown', 'I9', { saga: { phase: 'compensated' } }],
  ])('%s: %s', (_, invariant, changes) => {
    expect(judge(evidence(changes))).toContain(invariant);
  });

  it('a lost bot whose entry a stale copy made pending: left alone for ten minutes, and no longer', () => {
    const orphan = (createdAt: string): Changes => ({
      containers: [],
      botMapping: {
        [THERE]: { ...sampleMapping('soak0', THERE, 0), status: 'pending', createdAt },
      },
    });
    const young = evidence(orphan('2026-11-01T09:50:01Z'));
    expect(judge(young, [THERE])).toEqual([]);
    expect(judge(young)).toContain('I3');
    expect(judge(evidence(orphan('2026-11-01T09:50:00Z')), [THERE])).toContain('I3');
  });
});

describe('the last run over all users (I12)', () => {
  const BOT = `bot pooled:${THERE}`;
  const before: Snapshot = { contents: { [BOT]: 'FATAL', 'user u': 'a' }, restarts: [] };
  const judged = (contents: Snapshot['contents'], restarts: Snapshot['restarts'] = []) => {
    const verdict = createVerdict();
    judgeLastRun(before, { contents, restarts }, verdict);
    return verdict.all().map(({ detail }) => detail);
  };
  const changed = { ...before.contents, [BOT]: 'RUNNING' };
  const restart = { id: 'rst-1', instanceId: THERE, isOpen: false };

  it('changes nothing: passes', () => {
    expect(judged(before.contents)).toEqual([]);
  });

  it('changes a bot, or takes one away: named', () => {
    expect(judged(changed)).toEqual([`the last run over all users changed ${BOT}`]);
    expect(judged({ 'user u': 'a' })).toEqual([`the last run over all users changed ${BOT}`]);
  });

  it('health restarts the bot meanwhile: not the run’s doing, but a user’s money is', () => {
    expect(judged({ ...changed, 'user u': 'b' }, [restart])).toEqual([
      'the last run over all users changed user u',
    ]);
  });

  it('health had restarted the bot before: the run’s doing', () => {
    const verdict = createVerdict();
    judgeLastRun(
      { ...before, restarts: [restart] },
      { contents: changed, restarts: [restart] },
      verdict,
    );
    expect(verdict.counts().I12).toBe(1);
  });

  it('a status that health wrote is no difference of the pool state; a row is', () => {
    const state = (status: string, port: number) =>
      withoutStatuses(
        JSON.stringify({ botMapping: { [THERE]: { status, port } }, updatedAt: status }),
      );
    expect(state('running', 9000)).toBe(state('failed', 9000));
    expect(state('running', 9000)).not.toBe(state('running', 9001));
  });
});
