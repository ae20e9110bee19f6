import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parseUserDump, seedUsers } from '../../src/wallet/mongodb/seed-users.ts';
import { startTestApplication } from '../support/application.ts';

async function fixture(name: string): Promise<string> {
  return readFile(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8');
}

describe('the definitions that the application runs', () => {
  it('every one of them: crashed at every point by a test of its own', async () => {
    const { services } = await startTestApplication();
    const kinds = services.engine.registry.definitions.map(({ name }) => name);
    expect(kinds).toContain('delete-bot');
    expect(await uncrashed(kinds)).toEqual([]);
    expect(await uncrashed(['delete-bot', 'a-new-one'])).toEqual(['a-new-one']);
  });
});

/** Those that no test hands to the crashes of all points. */
async function uncrashed(kinds: readonly string[]): Promise<readonly string[]> {
  const crashed = kinds.map(async (kind) => {
    const file = new URL(`../faults/crash-${kind}.full.test.ts`, import.meta.url);
    const content = await readFile(file, 'utf8').catch(() => '');
    return content.includes(`expectNoHarm(test, services, '${kind}', `);
  });
  const isCrashed = await Promise.all(crashed);
  return kinds.filter((_, index) => !isCrashed[index]);
}

describe('the application, end to end on the simulator', () => {
  it('the platform user deletes the orphan: 1105.00 comes back, the balance is 18436.00', async () => {
    const app = await startTestApplication({
      poolState: JSON.parse(await fixture('pool-state.json')),
    });
    await seedUsers(app.db, parseUserDump(await fixture('users.json')));

    const reply = await app.call('anshjarvis2003', 'DELETE', '/bots/anshjarvis2003-bot-1', {
      prefer: 'wait=20',
    });

    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({
      success: true,
      wallet: { previousBalance: 17331, newBalance: 18436, returned: 1105, pnl: 0 },
    });
    const user = await app.db.collection('users').findOne({ firebaseUid: 'anshjarvis2003' });
    expect(user?.paperWallet.balance).toBe(18436);
    expect(user?.botAllocations).toEqual({});
    const entries = await app.db.collection('ledger').find({ source: 'reclaim' }).toArray();
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ source: 'reclaim', sagaId: reply.body.jobId });
  });
});
