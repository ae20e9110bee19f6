// The ground of all Docker tests: the containers that stand in for the platform's own behave as those
// do. When these fail, no other Docker test means anything.

import { expect, it } from 'vitest';
import { describeDocker, runDedicated, runPool, testDocker } from '../support/docker.ts';
import { waitFor } from '../support/wait-for.ts';

describeDocker('test containers', () => {
  it('a pool with two programs: supervisord is first, supervisorctl needs no -c, each is as asked', async () => {
    const pool = await runPool({
      name: 'ground-pool-1',
      programs: [
        { name: 'bot-ground-1', command: 'sleep 1000' },
        { name: 'bot-ground-2', command: 'sleep 1000', autostart: false },
      ],
    });
    const status = await pool.exec(['supervisorctl', 'status']);
    expect(status.output).toMatch(/^bot-ground-1\s+RUNNING/m);
    expect(status.output).toMatch(/^bot-ground-2\s+STOPPED/m);
    const first = await pool.exec(['cat', '/proc/1/cmdline']);
    expect(first.output).toContain('supervisord');
    const { HostConfig } = await pool.container.inspect();
    expect(HostConfig.RestartPolicy?.Name).toBe('unless-stopped');
  });

  it('a dedicated bot asked to stop: it ends by itself, long before it would be killed', async () => {
    const labels = { 'reclaim.instance-id': 'ground-bot-1' };
    const bot = await runDedicated({ name: 'ground-bot-1', labels, restart: 'no' });
    await bot.container.stop({ t: 20 });
    const { State, Config } = await bot.container.inspect();
    expect(State).toMatchObject({ Running: false, ExitCode: 0 });
    expect(Config.Labels).toMatchObject(labels);
  });

  it('a bot command that ends at once: the container stays, and stops', async () => {
    const bot = await runDedicated({ name: 'ground-bot-2', command: ['true'], restart: 'no' });
    await waitFor('the bot to end', async () => !(await bot.container.inspect()).State.Running);
  });

  it('tests that have finished: their containers are gone', async () => {
    const left = await testDocker().docker.listContainers({
      all: true,
      filters: { name: ['ground-'] },
    });
    expect(left).toEqual([]);
  });
});
