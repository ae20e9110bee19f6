// `npm run screenshots`: the pages' main states, as a new user comes by them in the demo, into docs/images. Run it
// when a page has changed; the README shows them.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Db } from 'mongodb';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { createLogger } from '../src/infra/log/logger.ts';
import { startApplication } from '../src/main/compose/application.ts';
import { parseConfig } from '../src/main/config.ts';
import { launchBrowser } from '../test/support/chromium.ts';
import { findBrowser } from '../test/support/find-browser.ts';
import { createSimulatedWorld } from '../test/support/simulated-world.ts';

const FOLDER = fileURLToPath(new URL('../docs/images', import.meta.url));
const DESK = { viewport: { width: 1180, height: 860 } };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };

const say = (line: string) => console.error(line);
const stopping = new AbortController();
process.once('SIGINT', () => stopping.abort());

const found = await findBrowser({ progress: say, signal: stopping.signal });
if ('missing' in found) {
  console.error(`No screenshots: ${found.missing}`);
  process.exitCode = 1;
} else {
  await mkdir(FOLDER, { recursive: true });
  const browser = await launchBrowser(found.executable);
  try {
    await takeAll(browser);
  } finally {
    await browser.close();
  }
}

async function takeAll(browser: Browser): Promise<void> {
  await withDemo(async (url, db) => {
    await portfolio(browser, url);
    await deletion(browser, url, db);
    await operations(browser, url);
  });
}

async function portfolio(browser: Browser, url: string): Promise<void> {
  const page = await open(browser, url, DESK, 'anshjarvis2003');
  await page.getByText('1 bot holds money but exists nowhere.').waitFor();
  await take(page, 'portfolio-orphan');
  await page.getByRole('button', { name: 'Sync Wallet' }).click();
  await page.getByText('1 orphaned bot cleaned up').waitFor();
  await page.getByText('$18,436.00').first().waitFor();
  await page.getByRole('cell', { name: '+$1,105.00' }).waitFor();
  await take(page, 'portfolio-synced');
  await page.context().close();
  const phone = await open(browser, url, { ...PHONE, colorScheme: 'dark' }, 'uid-live');
  await phone.getByRole('heading', { name: 'Gamma' }).waitFor();
  await take(phone, 'portfolio-phone-dark');
  await phone.context().close();
}

async function deletion(browser: Browser, url: string, db: Db) {
  const world = createSimulatedWorld(db);
  const bot = { instanceId: 'uid-live-bot-1' };
  await world.injectFaults(bot, { refuseStop: true });
  const page = await open(browser, url, DESK, 'uid-live');
  await page.getByRole('button', { name: 'Delete Alpha' }).click();
  await page.getByRole('dialog').waitFor();
  await take(page, 'delete-dialog', false);
  await page.getByRole('button', { name: 'Delete the bot' }).click();
  const job = page.getByRole('article');
  await job.getByText(/\d(nd|rd|th) attempt/).waitFor();
  await page.getByText('Being deleted').waitFor();
  await take(page, 'delete-steps');
  // Nobody mends it: the policy holds it for an operator.
  await job.getByText('It waits for an operator').waitFor();
  await page.context().close();
}

async function operations(browser: Browser, url: string): Promise<void> {
  const page = await open(browser, `${url}/ops`, DESK, 'uid-admin');
  await page.getByText('uid-live-bot-1').first().click();
  await page.getByRole('button', { name: 'Compensate' }).waitFor();
  await take(page, 'operations-stuck');
  await page.context().close();
}

async function open(
  browser: Browser,
  url: string,
  context: BrowserContextOptions,
  user: string,
): Promise<Page> {
  const own = await browser.newContext(context);
  const page = await own.newPage();
  await page.goto(url);
  await page.getByRole('button', { name: user }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  return page;
}

async function take(page: Page, name: string, fullPage = true): Promise<void> {
  // What is still being drawn would be half of a picture.
  await page.waitForLoadState('networkidle');
  const path = join(FOLDER, `${name}.png`);
  await page.screenshot({ path, fullPage, animations: 'disabled' });
  say(path);
}

async function withDemo(work: (url: string, db: Db) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'reclaim-screenshots-'));
  const env = { DATA_DIR: folder, PORT: '0', ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: '8000' };
  const config = parseConfig({ ...env, LOG_LEVEL: 'silent' });
  const application = await startApplication({
    config,
    log: createLogger(config.logLevel),
    say: () => undefined,
    signal: stopping.signal,
    onLost: say,
  });
  try {
    await work(application.url, application.services.db);
  } finally {
    await application.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
