// The API on its own: the layers below it are doubles in memory, the token verifier is the real local one.

import { randomBytes } from 'node:crypto';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { expect, onTestFinished } from 'vitest';
import { createApp } from '../../src/api/app.ts';
import type { ApiDependencies, ApiSettings } from '../../src/api/dependencies.ts';
import { toFirebaseUid } from '../../src/domain/ids.ts';
import {
  createLocalTokenIssuer,
  createLocalVerifier,
} from '../../src/infra/identities/local-tokens.ts';
import { createLogger } from '../../src/infra/log/logger.ts';
import { type ApiAnswers, type Asked, createApiLayers } from '../fakes/api-layers.ts';

export const METRICS_TOKEN = 'a-token-of-the-tests';

export interface TestApi extends Asked {
  readonly app: FastifyInstance;
  readonly logLines: string[];
  token(user: string, options?: { admin?: boolean; now?: Date }): Promise<string>;
  /** Sends a request as a user. */
  as(user: string, options: InjectOptions & { admin?: boolean }): Promise<LightMyRequestResponse>;
}

export interface TestApiOptions extends ApiAnswers {
  readonly deps?: Partial<Omit<ApiDependencies, 'adminReads' | 'sagas'>>;
  readonly adminReads?: Partial<ApiDependencies['adminReads']>;
  readonly settings?: Partial<ApiSettings>;
}

export async function createTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const key = randomBytes(32);
  const now = () => new Date();
  const asked: Asked = { deleteRequests: [], provisionRequests: [], cancels: [] };
  const logLines: string[] = [];
  const layers = createApiLayers(options, asked);
  const app = await createApp({
    ...layers,
    log: createLogger('trace', { write: (line: string) => void logLines.push(line) }),
    identities: createLocalVerifier({ key, now }),
    now,
    ...options.deps,
    adminReads: { ...layers.adminReads, ...options.adminReads },
    settings: {
      defaultWaitSeconds: 0,
      simulatesBots: true,
      provisionsBots: true,
      syncOnOpen: true,
      rateLimitPerMinute: 1200,
      addressRateLimitPerMinute: 300,
      refusalHoldMs: 0,
      metricsToken: METRICS_TOKEN,
      sessionSecret: randomBytes(32).toString('hex'),
      trustProxy: false,
      allowedOrigins: [],
      version: '0.0.0',
      ...options.settings,
    },
  });
  onTestFinished(() => app.close());

  const token: TestApi['token'] = async (user, { admin = false, now: at = now() } = {}) => {
    const issuer = createLocalTokenIssuer({ key, now: () => at });
    return (await issuer.issue({ firebaseUid: toFirebaseUid(user), isAdmin: admin })).token;
  };
  return {
    app,
    ...asked,
    logLines,
    token,
    as: async (user, { admin = false, ...request }) =>
      app.inject({
        ...request,
        headers: { authorization: `Bearer ${await token(user, { admin })}`, ...request.headers },
      }),
  };
}

/** Asserts that a response is a problem of this kind, complete, and returns its document. */
export function expectProblem(
  response: LightMyRequestResponse,
  status: number,
  kind: string,
): Record<string, unknown> {
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  const problem = response.json<Record<string, unknown>>();
  expect(problem).toMatchObject({ type: `urn:reclaim:problem:${kind}`, status });
  // What clients of the platform read.
  expect(problem).toMatchObject({ success: false, message: problem.detail });
  expect(response.statusCode).toBe(status);
  for (const member of ['title', 'detail', 'instance', 'requestId']) {
    expect(problem[member], member).toEqual(expect.any(String));
  }
  return problem;
}
