// The alert rules name metrics that exist: a rule over a renamed metric is silent for ever.

import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { readMetrics, startTestApplication } from '../support/application.ts';

it('every metric that an alert watches: is one that the application exposes', async () => {
  const app = await startTestApplication();
  const rules = await readFile(new URL('../../deploy/alerts.yml', import.meta.url), 'utf8');
  const expressions = [...rules.matchAll(/^\s+expr: (.+)$/gm)].map(([, text = '']) => text);
  const watched = expressions.flatMap((text) => text.match(/\b[a-z]+(?:_[a-z]+)+\b/g) ?? []);
  const exposed = await readMetrics(app);
  const known = new Set([...exposed.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name));
  expect(watched.length).toBeGreaterThan(8);
  expect(watched.filter((name) => !known.has(name))).toEqual([]);
});
