import { testBots, testStarts } from '../contracts/bots.ts';
import { describeDocker } from '../support/docker.ts';
import { createDockerWorld } from './bots-world.ts';

describeDocker('bots in docker', () => {
  testBots(() => createDockerWorld());
  testStarts(() => createDockerWorld());
});
