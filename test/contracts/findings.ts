// What every implementation of the Findings port must do.

import type { Db } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { toUserId } from '../../src/domain/ids.ts';
import type { Finding, Findings } from '../../src/findings/findings.ts';
import { createTestDatabase } from '../support/database.ts';
import { BOT, INCARNATION } from '../support/users.ts';

const USER = toUserId('00000000000000000000000a');
const FINDING: Finding = {
  kind: 'resurrected',
  userId: USER,
  instanceId: BOT,
  discriminator: INCARNATION,
  evidence: { value: 12.5, note: '$notAPath' },
};

export function describeFindings(name: string, create: (db: Db) => Findings) {
  describe(name, () => {
    it('seen 20 times at once: one finding, counted', async () => {
      const findings = create(await createTestDatabase());
      await Promise.all(Array.from({ length: 20 }, () => findings.report(FINDING)));
      const [found, ...others] = await findings.listOpen({ limit: 10 });
      expect(others).toEqual([]);
      expect(found).toEqual({
        ...FINDING,
        id: expect.stringMatching(/^[a-z0-9-]+$/),
        status: 'open',
        resolution: null,
        earlier: [],
        observed: 20,
        firstObservedAt: expect.stringMatching(/Z$/),
        lastObservedAt: expect.stringMatching(/Z$/),
      });
    });

    it('another kind, bot, incarnation or user: findings of their own, listed by user', async () => {
      const findings = create(await createTestDatabase());
      const other = toUserId('00000000000000000000000b');
      await findings.report(FINDING);
      await findings.report({ ...FINDING, kind: 'id-conflict' });
      await findings.report({ ...FINDING, instanceId: null });
      await findings.report({ ...FINDING, discriminator: 'another incarnation' });
      await findings.report({ ...FINDING, userId: other });
      expect(await findings.listOpen({ limit: 10 })).toHaveLength(5);
      expect(await findings.listOpen({ limit: 3 })).toHaveLength(3);
      expect(await findings.listOpen({ kind: 'id-conflict', limit: 10 })).toMatchObject([
        { kind: 'id-conflict', userId: USER },
      ]);
      expect(await findings.listOpen({ kind: 'id-conflict', userId: other, limit: 10 })).toEqual(
        [],
      );
      expect(await findings.countOpen()).toEqual(
        new Map([
          ['resurrected', 4],
          ['id-conflict', 1],
        ]),
      );
      expect(await findings.listOpen({ userId: other, limit: 10 })).toMatchObject([
        { userId: other, observed: 1 },
      ]);
    });

    it('two administrators resolve it at once: one decides, the other is told; it is open no more', async () => {
      const findings = create(await createTestDatabase());
      await findings.report(FINDING);
      const [{ id } = { id: '' }] = await findings.listOpen({ limit: 1 });
      const answers = await Promise.all(
        ['ann', 'bob'].map((by) =>
          findings.resolve(id, { action: 'remove', reason: 'observed', by }),
        ),
      );
      expect(answers.toSorted()).toEqual(['resolved', 'resolved-before']);
      const winner = answers[0] === 'resolved' ? 'ann' : 'bob';
      expect(await findings.find(id)).toMatchObject({
        status: 'resolved',
        resolution: { action: 'remove', reason: 'observed', by: winner },
      });
      expect(await findings.listOpen({ limit: 10 })).toEqual([]);
      const unknownId = await findings.resolve('fnd-0', {
        action: 'remove',
        reason: '',
        by: 'ann',
      });
      expect(unknownId).toBe('not-found');
    });

    it('acknowledged and seen again: what was decided is not asked again', async () => {
      const findings = create(await createTestDatabase());
      await findings.report(FINDING);
      const [{ id } = { id: '' }] = await findings.listOpen({ limit: 1 });
      await findings.resolve(id, { action: 'acknowledge', reason: 'known', by: 'ann' });
      await findings.report(FINDING);
      expect(await findings.find(id)).toMatchObject({
        status: 'resolved',
        observed: 2,
        earlier: [],
      });
      expect(await findings.countOpen()).toEqual(new Map());
    });

    it.each(['remove', 'accept-as-new'] as const)(
      'resolved by %s and seen again: open again, with what was decided before',
      async (action) => {
        const findings = create(await createTestDatabase());
        await findings.report(FINDING);
        const [{ id } = { id: '' }] = await findings.listOpen({ limit: 1 });
        for (let round = 1; round <= 12; round += 1) {
          const decision = { action, reason: `round ${round}`, by: 'ann' };
          expect(await findings.resolve(id, decision)).toBe('resolved');
          await findings.report(FINDING);
        }
        const [found] = await findings.listOpen({ limit: 10 });
        expect(found).toMatchObject({ id, status: 'open', resolution: null, observed: 13 });
        const rounds = found?.earlier.map(({ reason }) => reason);
        expect(rounds).toEqual(Array.from({ length: 10 }, (_, n) => `round ${n + 3}`));
      },
    );
  });
}
