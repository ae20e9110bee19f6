// What answers and what does not, each asked with its own deadline: `/readyz` must answer while they do not.

import type { ComponentHealth, Health } from './api/dependencies.ts';
import type { Services } from './services.ts';

const ASK_TIMEOUT_MS = 1_500;
const OK: ComponentHealth = { status: 'ok' };

export async function reportHealth(services: Services): Promise<Health> {
  const { connection, redis, deletionPorts, runtime } = services;
  const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
  const [mongodb, redisHealth, poolState] = await Promise.all([
    ask(() => connection.db?.admin().command({ ping: 1 })),
    ask(() => redis.ping()),
    ask(async () => {
      const answer = await deletionPorts.poolStates.read({ signal });
      if (answer.status === 'unknown') throw new Error(answer.reason);
    }),
  ]);
  return { mongodb, redis: redisHealth, poolState, docker: dockerHealth(runtime) };
}

// The circuits know it already: asking each host anew would make a probe of every readiness check.
function dockerHealth({ docker }: Services['runtime']): Readonly<Record<string, ComponentHealth>> {
  const states = docker?.hostStates() ?? [];
  return Object.fromEntries(
    states.map(({ name, circuit }) => [name, circuit === 'open' ? down('does not answer') : OK]),
  );
}

async function ask(question: () => Promise<unknown> | undefined): Promise<ComponentHealth> {
  const beganMs = performance.now();
  const { promise: late, resolve } = Promise.withResolvers<ComponentHealth>();
  const timer = setTimeout(
    () => resolve(down(`no answer in ${ASK_TIMEOUT_MS} ms`)),
    ASK_TIMEOUT_MS,
  );
  const answer = Promise.resolve()
    .then(question)
    .then(
      () => OK,
      (error: unknown) => down(error instanceof Error ? error.message : String(error)),
    );
  try {
    const health = await Promise.race([answer, late]);
    return { ...health, tookMs: Math.round(performance.now() - beganMs) };
  } finally {
    clearTimeout(timer);
  }
}

function down(reason: string): ComponentHealth {
  return { status: 'down', reason };
}
