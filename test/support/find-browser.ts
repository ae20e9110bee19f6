// A Chromium for the tests of the pages: the system's, or, for root on Debian and Ubuntu, one that is installed. A
// machine without one skips those tests, and says so.

import { aptInstall, onPath, type Progress } from './apt.ts';

export type TestBrowser = { readonly executable: string } | { readonly missing: string };

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** The fonts are only recommended by it, and a page without any shows boxes. */
const PACKAGES = ['chromium', 'fonts-dejavu-core'];

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
  const found = await firstOnPath();
  if (found !== undefined) return { executable: found };
  if (process.getuid?.() !== 0) return { missing: 'no Chromium, and only root can install one' };
  try {
    await aptInstall(PACKAGES, progress, signal);
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
  const installed = await firstOnPath();
  if (installed !== undefined) return { executable: installed };
  return { missing: 'the package chromium was installed but holds no chromium' };
}

async function firstOnPath(): Promise<string | undefined> {
  for (const name of NAMES) {
    const path = await onPath(name);
    if (path !== undefined) return path;
  }
  return undefined;
}
