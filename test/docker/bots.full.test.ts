import { testBots, testHostAway, testStarts } from '../contracts/bots.ts';
import { testPoolContainers } from '../contracts/pool-containers.ts';
import { describeDocker, runPool } from '../support/docker.ts';
import { createDockerWorld } from './bots-world.ts';

describeDocker('bots in docker', () => {
  testBots(() => createDockerWorld());
  testStarts(() => createDockerWorld());
  testHostAway(async () => {
    const away = { name: 'away', options: { socketPath: '/nonexistent/docker.sock' } };
    const world = await createDockerWorld(undefined, {}, [away]);
    return { ...world, here: 'test', away: away.name };
  });
});

const COMMANDS = {
  RUNNING: '/bin/sleep 100000',
  STOPPED: '/bin/sleep 100000',
  FATAL: '/bin/sh -c "test -e /tmp/mended && exec sleep 100000; exit 1"',
};

describeDocker('pool containers in docker', () => {
  testPoolContainers(async () => {
    const world = await createDockerWorld();
    const pools = new Map<string, Awaited<ReturnType<typeof runPool>>>();
    return {
      bots: world.bots,
      addPool: async (name, bots) => {
        const pool = await runPool({
          name,
          programs: Object.entries(bots).map(([id, state]) => ({
            name: `bot-${id}`,
            command: COMMANDS[state],
            autostart: state === 'RUNNING',
            ...(state === 'FATAL' && { startSeconds: 1, startRetries: 0 }),
          })),
        });
        pools.set(name, pool);
        for (const [id, state] of Object.entries(bots)) {
          if (state === 'FATAL') await pool.exec(['supervisorctl', 'start', `bot-${id}`]);
        }
      },
      addDedicated: (instanceId, state, name = `freqtrade-${instanceId}`) =>
        world.addDedicated({ instanceId, state, name }),
      setPool: async (name, to) => {
        if (to === 'stopped') await world.stopPool(name);
        else await world.muteSupervisord(name);
      },
      mend: async (name) => void (await pools.get(name)?.exec(['touch', '/tmp/mended'])),
      putAside: async (name, instanceId) => {
        const conf = `/pool/supervisor/bot-${instanceId}.conf`;
        await pools.get(name)?.exec(['mv', conf, `${conf}.reclaimed`]);
      },
    };
  });
});
