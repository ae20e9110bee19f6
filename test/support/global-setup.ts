// Starts, once per run, the servers that the tests share, and hands their addresses to every test
// file. A server whose URL is given is used as it is.

import type { TestProject } from 'vitest/node';
import type { TestDocker } from './docker.ts';
import { findDockerEngine } from './docker-engine.ts';
import { prepareImages } from './images.ts';

declare module 'vitest' {
  interface ProvidedContext {
    mongodbUri: string;
    redisUrl: string;
    docker: TestDocker;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { MONGODB_URI, REDIS_URL } = process.env;
  if (MONGODB_URI === undefined || REDIS_URL === undefined) {
    throw new Error('MONGODB_URI and REDIS_URL must be set');
  }
  project.provide('mongodbUri', MONGODB_URI);
  project.provide('redisUrl', REDIS_URL);
  const engine = await findDockerEngine(progress);
  if ('missing' in engine) {
    project.provide('docker', engine);
    return async () => {};
  }
  const images = await prepareImages(engine.socket, progress);
  project.provide('docker', { socket: engine.socket, ...images });
  return () => engine.stop();
}

function progress(line: string): void {
  process.stderr.write(`test set-up: ${line}\n`);
}
