// How soon the portfolio is there in a real browser, for a user with 200 bots and 10,000 transactions, and what
// the page weighs on its way. Each load is the first of a new browser profile: nothing is cached.

import { fileURLToPath } from 'node:url';
import { type Document, ObjectId } from 'mongodb';
import type { Browser, BrowserContext } from 'playwright-core';
import { toFirebaseUid, toInstanceId, toUserId, type UserId } from '../src/domain/ids.ts';
import { anyFreePort } from '../src/infra/embedded/ports.ts';
import { createLocalTokenIssuer } from '../src/infra/identities/local-tokens.ts';
import { loadSigningKey } from '../src/infra/identities/signing-key.ts';
import type { Services } from '../src/main/compose/services.ts';
import { launchBrowser } from '../test/support/chromium.ts';
import { findBrowser } from '../test/support/find-browser.ts';
import type { Environment, Place } from './environment.ts';
import { seedContainers } from './herd.ts';
import { startProcess, stopProcess, whenServing } from './own-process.ts';
import type { Row } from './report.ts';
import { median } from './statistics.ts';

interface PageMeasure {
  /** When something of the page is painted. */
  readonly firstPaintMs: number;
  /** When every bot is on it. */
  readonly completeMs: number;
  /** Of the page's own files as they came over the wire, the chart library included. */
  readonly weightKb: number;
}

const UID = toFirebaseUid('bench-page');
const BOTS = 200;
const TRANSACTIONS = 10_000;
const API = fileURLToPath(new URL('../src/main/server.ts', import.meta.url));
const CARDS_WITHIN_MS = 30_000;

/** No rows, and a line that says so, where there is no browser. */
export async function measurePage(
  environment: Environment,
  { rounds, signal, say }: { rounds: number; signal: AbortSignal; say: (line: string) => void },
): Promise<readonly Row[]> {
  const found = await findBrowser({ progress: say, signal });
  if ('missing' in found) {
    say(`the page is not measured: ${found.missing}`);
    return [];
  }
  return environment.measure(async (place) => {
    await seed(await place.services(), place);
    const port = await anyFreePort();
    const url = `http://127.0.0.1:${port}`;
    const api = startProcess(API, [], { ...place.env, PORT: String(port) });
    const browser = await launchBrowser(found.executable);
    try {
      await whenServing(api, url, signal);
      return await load(browser, url, await tokenOf(place), rounds);
    } finally {
      await browser.close();
      await stopProcess(api);
    }
  });
}

async function seed(services: Services, place: Place): Promise<void> {
  const userId = toUserId(new ObjectId().toHexString());
  const ids = Array.from({ length: BOTS }, (_, n) => toInstanceId(`${UID}-bot-${n + 1}`));
  const { db } = services;
  await db.collection('users').insertOne(userOf(userId, ids));
  await place.writePoolState({ pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: AT });
  const bots = ids.map((instanceId) => ({ userId, firebaseUid: UID, instanceId, isPooled: false }));
  await seedContainers(db, bots);
  const { rows } = await services.audits.auditUser(userId, { signal: place.signal });
  if (rows !== TRANSACTIONS) throw new Error(`the ledger has ${rows} of ${TRANSACTIONS} rows`);
}

const AT = '2026-10-02T09:30:00.000Z';

function userOf(userId: UserId, ids: readonly string[]): Document {
  const allocatedAt = new Date(AT);
  const allocation = (botName: string) => ({
    ...{ allocatedAmount: 10, currentValue: 12.5, reservedInTrades: 0, availableBalance: 12.5 },
    ...{ lifetimePnL: 2.5, allocatedAt, botName },
  });
  const rows = Array.from({ length: TRANSACTIONS }, (_, n) => ({
    ...{ type: 'allocate', amount: -0.01, botId: `${UID}-bot-1`, botName: 'Bot 1' },
    ...{ description: `Allocated ${n}`, balanceAfter: 1_000 - n / 100 },
    timestamp: new Date(allocatedAt.getTime() + n * 1_000),
  }));
  return {
    _id: new ObjectId(userId),
    firebaseUid: UID,
    role: 'user',
    paperWallet: { balance: 900.01, currency: 'USD', lastUpdated: allocatedAt },
    walletTransactions: rows,
    botAllocations: Object.fromEntries(ids.map((id, n) => [id, allocation(`Bot ${n + 1}`)])),
  };
}

async function tokenOf({ config }: Place): Promise<string> {
  const key = await loadSigningKey(config.dataDir);
  const issuer = createLocalTokenIssuer({ key, now: () => new Date() });
  return (await issuer.issue({ firebaseUid: UID, isAdmin: false })).token;
}

async function load(
  browser: Browser,
  url: string,
  token: string,
  rounds: number,
): Promise<readonly Row[]> {
  const loads: PageMeasure[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    try {
      await context.request.post(`${url}/api/freqtrade/session`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const one = await loadOnce(context, url);
      // The first one warms the server up.
      if (round > 0) loads.push(one);
    } finally {
      await context.close();
    }
  }
  const of = (key: keyof PageMeasure) => median(loads.map((one) => one[key]));
  return [
    [
      'pagePaintMs',
      of('firstPaintMs'),
      0,
      `the portfolio of ${BOTS} bots, first paint, ms`,
      '< 1000',
    ],
    ['pageCompleteMs', of('completeMs'), 0, `the portfolio of ${BOTS} bots, all shown, ms`],
    ['pageKb', of('weightKb'), 1, 'the page over the wire, KB', '< 150'],
  ];
}

async function loadOnce(context: BrowserContext, url: string): Promise<PageMeasure> {
  const page = await context.newPage();
  await page.goto(url);
  await page
    .locator('[data-bot]')
    .nth(BOTS - 1)
    .waitFor({ timeout: CARDS_WITHIN_MS });
  const { completeMs, firstPaintMs } = await page.evaluate(TIMES);
  // It is loaded when there is something to draw.
  const size = await page.evaluate(LOAD, CHART);
  if (size === 0) throw new Error('the chart library is not served');
  return { firstPaintMs, completeMs, weightKb: (await page.evaluate(WEIGHT)) / 1_024 };
}

const CHART = '/v/any/vendor/uplot/dist/uPlot.esm.js';

// These run inside the page.
const LOAD = async (address: string): Promise<number> => {
  const answer = await fetch(address);
  return answer.ok ? (await answer.text()).length : 0;
};

const TIMES = () => {
  const { performance } = Object(globalThis);
  const [paint] = performance.getEntriesByName('first-contentful-paint');
  return { completeMs: performance.now(), firstPaintMs: Number(paint.startTime) };
};

const WEIGHT = (): number => {
  const { performance } = Object(globalThis);
  return [
    ...performance.getEntriesByType('navigation'),
    ...performance.getEntriesByType('resource'),
  ]
    .filter(({ name }) => !name.includes('/api/'))
    .reduce((sum, { transferSize }) => sum + transferSize, 0);
};
