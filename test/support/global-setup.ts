// Starts, once per run, the servers that the tests share, and hands their addresses to every test
// file. A server whose URL is given is used as it is.

import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    mongodbUri: string;
    redisUrl: string;
  }
}

export async function setup(project: TestProject): Promise<void> {
  const { MONGODB_URI, REDIS_URL } = process.env;
  if (MONGODB_URI === undefined || REDIS_URL === undefined) {
    throw new Error('MONGODB_URI and REDIS_URL must be set');
  }
  project.provide('mongodbUri', MONGODB_URI);
  project.provide('redisUrl', REDIS_URL);
}
