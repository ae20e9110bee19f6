// The client of one Docker host, as far as it can be seen without a Docker.

import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { createDockerClient } from '../../src/bots/docker/docker-client.ts';

test('a request formatted for a debug log: the agent with its sockets is not in it', () => {
  const { api, close } = createDockerClient({ host: '127.0.0.1', port: 9, protocol: 'https' });
  const { agent } = api.modem as unknown as { agent: object };
  expect(inspect({ agent }, { showHidden: true, depth: null })).toBe('{ agent: Agent }');
  close();
});
