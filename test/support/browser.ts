// Pages in a real Chromium, against a real server. Whatever a page does that none of ours may do fails its test,
// whatever the test is about: an error in a script, a breach of the content security policy, a request to
// another host.

import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished } from 'vitest';
import { launchBrowser, watchForWrongs } from './chromium.ts';
import { titleLacking } from './needs.ts';

export type { Page } from 'playwright-core';

/** One browser a block: a context of its own keeps every test to itself. */
let browser: Browser | undefined;

/** `describe` where there is a Chromium; elsewhere all its tests are skipped and the reason is shown. */
export function describeBrowser(title: string, define: () => void): void {
  const found = inject('browser');
  if ('missing' in found) {
    describe.skip(titleLacking(title, 'browser', found.missing), define);
    return;
  }
  describe(title, () => {
    beforeAll(async () => {
      browser = await launchBrowser(found.executable);
    });
    afterAll(async () => {
      await browser?.close();
    });
    define();
  });
}

const WAIT_MS = 20_000;

export interface OpenOptions extends BrowserContextOptions {
  /** Below the server's address; default `/`. */
  readonly path?: string;
  /** Signs in with it before the page is opened. */
  readonly token?: string;
  /** Origins that it may ask beside its own server. */
  readonly mayAsk?: readonly string[];
}

/** A page of this server in a browser of its own, signed in where a token is given. Only in `describeBrowser`. */
export async function openPage(
  { url }: { readonly url: string },
  { path = '/', token, mayAsk = [], ...context }: OpenOptions = {},
): Promise<Page> {
  if (browser === undefined) throw new Error('a page outside describeBrowser');
  const own = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...context });
  // Before the test's own limit: what was waited for is named.
  own.setDefaultTimeout(WAIT_MS);
  const page = await own.newPage();
  const wrongs = watchForWrongs(page, [url, ...mayAsk]);
  onTestFinished(async () => {
    await own.close();
    expect(wrongs).toEqual([]);
  });
  if (token !== undefined) {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await own.request.post(`${url}/api/freqtrade/session`, { headers });
    expect(answer.status()).toBe(200);
  }
  await page.goto(`${url}${path}`);
  return page;
}

/** What axe-core finds wrong on the page as it stands, serious or critical: the rule, and where. */
export async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(RUN_AXE);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

interface AxeViolation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

// Runs inside the page, where the script above has put `axe`.
const RUN_AXE = (): Promise<AxeViolation[]> =>
  Reflect.get(globalThis, 'axe')
    .run()
    .then((result: { readonly violations: AxeViolation[] }) => result.violations);

/** How far the page's content is wider than its window, in pixels. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => {
    const root = Reflect.get(globalThis, 'document').documentElement;
    return root.scrollWidth - root.clientWidth;
  });
}
