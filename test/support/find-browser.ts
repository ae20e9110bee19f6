// A Chromium for the tests of the pages: the system's, or, for root on Debian and Ubuntu, one that is installed. The one
// that has no windows is preferred: the same pages take it 40 % of the processor time of the other. A machine without
// one skips those tests, and says so.

import { aptInstall, aptOffers, onPath, type Progress } from './apt.ts';

export type TestBrowser = { readonly executable: string } | { readonly missing: string };

const WINDOWLESS = 'chromium-headless-shell';
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** Only recommended by a browser, and a page without any shows boxes. */
const FONTS = 'fonts-dejavu-core';

/** `RECLAIM_TEST_BROWSER` names an executable, or is `none`. */
export async function findBrowser({
  progress,
  signal,
}: {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}): Promise<TestBrowser> {
  const given = process.env.RECLAIM_TEST_BROWSER;
  if (given === 'none') return { missing: 'RECLAIM_TEST_BROWSER=none' };
  if (given !== undefined && given !== '') return { executable: given };
  const windowless = await onPath(WINDOWLESS);
  if (windowless !== undefined) return { executable: windowless };
  const other = await firstOnPath();
  const isRoot = process.getuid?.() === 0;
  if (other === undefined && !isRoot) {
    return { missing: 'no Chromium, and only root can install one' };
  }
  const isOffered = isRoot && (await aptOffers(WINDOWLESS));
  const wanted = other === undefined ? [WINDOWLESS, 'chromium'] : isOffered ? [WINDOWLESS] : [];
  let problem = '';
  for (const name of wanted) {
    try {
      await aptInstall([name, FONTS], progress, signal);
      const installed = await onPath(name);
      if (installed !== undefined) return { executable: installed };
      problem = `the package ${name} was installed but holds no ${name}`;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
  }
  return other === undefined ? { missing: problem } : { executable: other };
}

async function firstOnPath(): Promise<string | undefined> {
  for (const name of NAMES) {
    const path = await onPath(name);
    if (path !== undefined) return path;
  }
  return undefined;
}
