// The whole application with its Docker socket gone and its pool state torn: what a user can read of that anywhere.

import { expect, it } from 'vitest';
import { asAdmin } from '../support/admin.ts';
import { startTestApplication } from '../support/application.ts';
import { jobIn, placeBot } from '../support/deletions.ts';
import { spoilPoolState } from '../support/spoil-pool-state.ts';

const SOCKET = '/nowhere/of-the-machine/docker.sock';

it('no socket, no path and no host reaches a user: bots, refusals, jobs and their list; an operator reads all of it', async () => {
  const env = {
    BOT_RUNTIME: 'docker',
    DOCKER_HOSTS: `inner=unix://${SOCKET}`,
    ON_STOP_FAILURE: 'hold',
    STOP_TIMEOUT_MS: '500',
  };
  const app = await startTestApplication({ env });
  const { uid, instanceId } = await placeBot(app, 'dedicated');
  await spoilPoolState(app, 'torn');
  const told = async (method: string, path: string, headers = {}) => {
    const { status, body } = await app.call(uid, method, path, headers);
    const text = JSON.stringify(body);
    for (const internal of [SOCKET, app.poolStateFile, 'inner', 'ENOENT']) {
      expect(text, `${method} ${path}`).not.toContain(internal);
    }
    return { status, text };
  };

  expect((await told('GET', '/bots')).text).toContain('POOL_STATE_UNKNOWN');
  expect((await told('GET', '/bots')).text).toContain('DOCKER_UNKNOWN');
  expect((await told('DELETE', `/bots/${uid}-bot-9`)).status).toBe(503);
  const accepted = await app.call(uid, 'DELETE', `/bots/${instanceId}`);
  const job = await jobIn(app, uid, accepted.body.jobId, 'stuck');
  expect(job.error.code).toMatch(/^[A-Z_]+$/);
  await told('GET', `/jobs/${job.jobId}`);
  await told('GET', '/jobs');
  await told('DELETE', `/bots/${instanceId}`, { prefer: 'wait=1' });
  await told('POST', '/sync-wallet?dryRun=true');

  const synced = await app.call(uid, 'POST', '/sync-wallet', { prefer: 'wait=20' });
  const operators = await asAdmin(app, 'GET', `/jobs/${synced.body.jobId}`);
  const text = JSON.stringify(operators.body);
  expect(text).toMatch(/unknown: pool state: |docker host/);
}, 60_000);
