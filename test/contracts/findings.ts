// What every implementation of the Findings port must do.

import type { Connection } from 'mongoose';
import { describe, expect, it } from 'vitest';
import type { Finding, Findings } from '../../src/deletion/ports/findings.ts';
import { toUserId } from '../../src/domain/ids.ts';
import { createTestDatabase } from '../support/database.ts';
import { BOT, LIFE } from '../support/users.ts';

const USER = toUserId('00000000000000000000000a');
const FINDING: Finding = {
  kind: 'resurrected',
  userId: USER,
  instanceId: BOT,
  discriminator: LIFE,
  evidence: { value: 12.5, note: '$notAPath' },
};

export function describeFindings(name: string, create: (connection: Connection) => Findings) {
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
        seen: 20,
        firstSeenAt: expect.stringMatching(/Z$/),
        lastSeenAt: expect.stringMatching(/Z$/),
      });
    });

    it('another kind, bot, life or user: findings of their own, listed by user', async () => {
      const findings = create(await createTestDatabase());
      const other = toUserId('00000000000000000000000b');
      await findings.report(FINDING);
      await findings.report({ ...FINDING, kind: 'id-conflict' });
      await findings.report({ ...FINDING, instanceId: null });
      await findings.report({ ...FINDING, discriminator: 'another life' });
      await findings.report({ ...FINDING, userId: other });
      expect(await findings.listOpen({ limit: 10 })).toHaveLength(5);
      expect(await findings.listOpen({ limit: 3 })).toHaveLength(3);
      expect(await findings.listOpen({ userId: other, limit: 10 })).toMatchObject([
        { userId: other, seen: 1 },
      ]);
    });

    it('two administrators resolve it at once: one decides, the other is told; it is open no more', async () => {
      const findings = create(await createTestDatabase());
      await findings.report(FINDING);
      const [{ id } = { id: '' }] = await findings.listOpen({ limit: 1 });
      const answers = await Promise.all(
        ['ann', 'bob'].map((by) => findings.resolve(id, { action: 'remove', reason: 'seen', by })),
      );
      expect(answers.toSorted()).toEqual(['resolved', 'resolved-before']);
      const winner = answers[0] === 'resolved' ? 'ann' : 'bob';
      expect(await findings.find(id)).toMatchObject({
        status: 'resolved',
        resolution: { action: 'remove', reason: 'seen', by: winner },
      });
      expect(await findings.listOpen({ limit: 10 })).toEqual([]);
      const unknownId = await findings.resolve('fnd-0', {
        action: 'remove',
        reason: '',
        by: 'ann',
      });
      expect(unknownId).toBe('not-found');
    });
  });
}
