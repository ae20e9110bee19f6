// A Chromium of our own, and the watch over what a page does in it.

import { type Browser, chromium, type Page } from 'playwright-core';

export function launchBrowser(executable: string): Promise<Browser> {
  // Chromium cannot build its sandbox as root; the pages are ours.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: executable, args: [...sandbox, '--disable-gpu'] });
}

/** What this page did that no page of ours may do; grows. */
export function watchForWrongs(page: Page, origins: readonly string[]): readonly string[] {
  const wrongs: string[] = [];
  page.on('pageerror', (error) => wrongs.push(`error in a script: ${error.stack}`));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) wrongs.push(message.text());
  });
  page.on('request', (request) => {
    if (!origins.includes(new URL(request.url()).origin))
      wrongs.push(`request to ${request.url()}`);
  });
  return wrongs;
}
