import { expect, test } from 'vitest';
import { createTestApi } from '../support/api.ts';

interface Operation {
  operationId: string;
  summary: string;
  security?: unknown;
  parameters?: { name: string; in: string; required?: boolean; schema: unknown }[];
  responses: Record<string, { description: string; content?: Record<string, unknown> }>;
}

const OPERATIONS = [
  'DELETE /api/freqtrade/bots/{instanceId}',
  'DELETE /api/freqtrade/session',
  'GET /api/freqtrade/admin/audit',
  'GET /api/freqtrade/admin/findings',
  'GET /api/freqtrade/admin/orphans/history',
  'GET /api/freqtrade/admin/overview',
  'GET /api/freqtrade/admin/sagas',
  'GET /api/freqtrade/admin/sagas/{jobId}',
  'GET /api/freqtrade/admin/sagas/{jobId}/plan',
  'GET /api/freqtrade/admin/sagas/{jobId}/world',
  'GET /api/freqtrade/bots',
  'GET /api/freqtrade/bots/{instanceId}/events',
  'GET /api/freqtrade/jobs',
  'GET /api/freqtrade/jobs/{jobId}',
  'GET /api/freqtrade/jobs/{jobId}/events',
  'GET /api/freqtrade/orphans/history',
  'GET /api/freqtrade/session',
  'GET /api/freqtrade/sign-in',
  'GET /api/freqtrade/wallet',
  'GET /api/freqtrade/wallet/transactions',
  'GET /livez',
  'GET /metrics',
  'GET /readyz',
  'POST /api/freqtrade/admin/findings/{id}/resolve',
  'POST /api/freqtrade/admin/hosts/{name}/confirm',
  'POST /api/freqtrade/admin/sagas/{jobId}/compensate',
  'POST /api/freqtrade/admin/sagas/{jobId}/hold',
  'POST /api/freqtrade/admin/sagas/{jobId}/resolve',
  'POST /api/freqtrade/admin/sagas/{jobId}/retry',
  'POST /api/freqtrade/admin/sagas/{jobId}/skip',
  'POST /api/freqtrade/admin/sync-all',
  'POST /api/freqtrade/demo/session',
  'POST /api/freqtrade/jobs/{jobId}/cancel',
  'POST /api/freqtrade/provision',
  'POST /api/freqtrade/session',
  'POST /api/freqtrade/sync-wallet',
];

test('the OpenAPI document: version 3.1, every route in it, each operation complete', async () => {
  const api = await createTestApi();
  const document = (await api.app.inject({ url: '/docs/json' })).json();
  expect(document.openapi).toBe('3.1.0');
  expect(document.info).toMatchObject({ title: 'Reclaim', version: '0.0.0' });

  const operations = Object.entries<Record<string, Operation>>(document.paths).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        path,
        operation,
      })),
  );
  expect(operations.map(({ name }) => name).sort()).toEqual(OPERATIONS);
  expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(
    OPERATIONS.length,
  );
  for (const { name, path, operation } of operations) {
    const inPath = operation.parameters?.filter((parameter) => parameter.in === 'path') ?? [];
    expect(
      inPath.map((p) => `{${p.name}}`),
      name,
    ).toEqual(path.match(/\{\w+\}/g) ?? []);
    expect(
      inPath.every((parameter) => parameter.required),
      name,
    ).toBe(true);
    expect(operation.security !== undefined, name).toBe(needsToken(path));
    for (const [status, response] of Object.entries(operation.responses)) {
      expect(status, name).toMatch(/^([1-5]\d\d|[1-5]XX|default)$/);
      expect(response.description, name).toEqual(expect.any(String));
    }
  }
  expect(danglingReferences(document)).toEqual([]);
});

test('the page: served with scripts of its own origin only', async () => {
  const api = await createTestApi();
  const page = await api.app.inject({ url: '/docs/' });
  expect(page.statusCode).toBe(200);
  expect(page.body).toContain('swagger-ui');
  expect(page.headers['content-security-policy']).toContain("script-src 'self';");
  expect((await api.app.inject({ url: '/docs/static/swagger-ui.css' })).statusCode).toBe(200);
});

test('the answer of a synchronisation: lists of ids, not counts', async () => {
  const api = await createTestApi();
  const { body } = await api.app.inject({ url: '/docs/json' });
  const ids = JSON.parse(body).paths['/api/freqtrade/sync-wallet'].post.responses['200'];
  const { data } = ids.content['application/json'].schema.properties;
  const { runningBots, validAllocations } = data.anyOf[0].properties;
  for (const list of [runningBots, validAllocations]) {
    expect(list).toMatchObject({ type: 'array', items: { type: 'string' } });
  }
});

function needsToken(path: string): boolean {
  return (
    path.startsWith('/api/freqtrade/') && !path.includes('/demo/') && !path.endsWith('/sign-in')
  );
}

function danglingReferences(document: unknown): string[] {
  const references = JSON.stringify(document).match(/"\$ref":"[^"]*"/g) ?? [];
  return references.filter((reference) => {
    const pointer = reference.slice('"$ref":"#/'.length, -1).split('/');
    let target: unknown = document;
    for (const key of pointer) {
      target = typeof target === 'object' && target !== null ? Reflect.get(target, key) : undefined;
    }
    return target === undefined;
  });
}
