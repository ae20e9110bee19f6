// What a start says of the platform beside it: who starts bots, and what becomes of one that is deleted.

import { expect, it } from 'vitest';
import type { Services } from '../../src/main/compose/services.ts';
import { parseConfig } from '../../src/main/config.ts';
import { startupLines } from '../../src/main/startup-lines.ts';
import { inertPorts } from '../fakes/inert-ports.ts';

const ENV = { MONGODB_URI: 'mongodb://db/reclaim', FIREBASE_PROJECT_ID: 'shop-1' };

function said(env: Readonly<Record<string, string>>, isBesidePlatform: boolean): string {
  const services: Services = {
    ...inertPorts<Services>(),
    config: parseConfig({ ...ENV, ...env }),
    isBesidePlatform,
    runtime: { ...inertPorts<Services['runtime']>(), kind: 'docker', reason: 'one host' },
    migration: { ...inertPorts<Services['migration']>(), constraints: [] },
  };
  const facts = { services, url: 'http://x', embedded: [], seeded: 0, mayPay: true };
  return startupLines(facts).join('\n');
}

it.each([
  { PROVISION: '', isBeside: true, line: /new bots are not started here \(PROVISION=off/ },
  { PROVISION: 'off', isBeside: false, line: /new bots are not started here \(PROVISION=off/ },
  { PROVISION: 'on', isBeside: true, line: /^! {2}PROVISION=on beside a platform/m },
])('PROVISION=$PROVISION, beside a platform $isBeside: said', ({ PROVISION, isBeside, line }) => {
  expect(said({ PROVISION }, isBeside)).toMatch(line);
});

it('the usual: nothing of it', () => {
  expect(said({}, false)).not.toMatch(/PROVISION|PLATFORM/);
});

it('a platform that is informed: that it removes data folders, and no token', () => {
  const PLATFORM_TOKEN = 'an.administrators.token';
  const lines = said({ PLATFORM_URL: 'https://bots.example', PLATFORM_TOKEN }, true);
  expect(lines).toMatch(/PLATFORM_URL: .*data folder included/);
  expect(lines).not.toContain(PLATFORM_TOKEN);
});
