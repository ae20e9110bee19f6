// What a running system logs while its Redis refuses its password and clients send their tokens in addresses: no secret of
// either, and a few lines.

import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { createLogger } from '../../src/infra/log/logger.ts';
import { startTestApplication } from '../support/application.ts';
import { acceptDelete, jobIn, placeBot } from '../support/deletions.ts';
import { createTestValkey } from '../support/valkey.ts';
import { waitFor } from '../support/wait-for.ts';

const OLD = 'hunter2-the-old-one';
const NEW = 'hunter3-the-new-one';

it('Redis refuses the password it took before: no line holds it, a few lines tell it, and it ends', async () => {
  const valkey = await createTestValkey();
  const admin = new Redis(valkey.url);
  onTestFinished(() => admin.disconnect());
  await admin.config('SET', 'requirepass', OLD);
  await admin.auth(OLD);
  const url = new URL(valkey.url);
  url.password = OLD;
  const lines: string[] = [];
  const log = createLogger('trace', { write: (line: string) => void lines.push(line) });
  const app = await startTestApplication({ env: { REDIS_URL: url.href }, log });

  await admin.config('SET', 'requirepass', NEW);
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  const bot = await placeBot(app, 'dedicated', { uid: 'uid-locked-out' });
  const job = await acceptDelete(app, bot);
  const isTold = (trouble: string) => lines.some((line) => line.includes(`"trouble":"${trouble}"`));
  await waitFor('the refusal in the log', () => isTold('access-refused'));
  await fetch(`${app.url}/api/freqtrade/bots?access_token=${NEW}`);
  await fetch(`${app.url}/api/freqtrade/bots`, { headers: { cookie: `a=${NEW}` } });
  await admin.config('SET', 'requirepass', OLD);
  await jobIn(app, bot.uid, job, 'completed');

  expect(lines.filter((line) => /hunter[23]/.test(line))).toEqual([]);
  expect(
    lines.filter((line) => line.includes('redis does not serve the queues')).length,
  ).toBeLessThan(5);
  expect(lines.some((line) => line.includes('"url":"/api/freqtrade/bots"'))).toBe(true);
});
