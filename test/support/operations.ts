// What the tests of the operations page share: a deletion that waits for an operator, and an operator at the page.

import { adminToken } from './admin.ts';
import { startTestApplication, type TestApplication } from './application.ts';
import { type OpenOptions, openPage, type Page } from './browser.ts';
import { type PlacedBot, placeBot, stuckDelete } from './deletions.ts';

/** Long enough for more than one attempt at stopping a bot. */
const HOLD = { ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: '700' };

/** A deletion that does not come to its end waits for an operator there. */
export function startHolding(env: Readonly<Record<string, string>> = {}): Promise<TestApplication> {
  return startTestApplication({ env: { ...HOLD, ...env } });
}

export interface StuckDeletion {
  readonly bot: PlacedBot;
  readonly sagaId: string;
}

/** A deletion of 110.00 that is stuck because its bot does not stop; on an application of `startHolding`. */
export async function stuckDeletion(app: TestApplication, uid = 'uid-one'): Promise<StuckDeletion> {
  const bot = await placeBot(app, 'pooled', { uid });
  return { bot, sagaId: await stuckDelete(app, bot) };
}

/** The operations page as an administrator sees it, whose name is `ann`. */
export async function openOperations(
  app: TestApplication,
  { saga, ...options }: OpenOptions & { readonly saga?: string } = {},
): Promise<Page> {
  const path = saga === undefined ? '/ops' : `/ops?saga=${saga}`;
  return openPage(app, { token: await adminToken(app), path, ...options });
}

export const rowsOn = (page: Page) =>
  page.getByTestId('sagas').getByRole('listitem').getByRole('link');

/** The saga that is open on the page, in one of its states. */
export function sagaOn(page: Page, state?: string) {
  const saga = page.getByTestId('saga');
  return state === undefined ? saga : saga.and(page.locator(`[data-state="${state}"]`));
}

/** Opens the dialog of a verb; `Retry`, `Compensate`, `Skip`, `Resolve`. */
export async function chooseVerb(page: Page, verb: string) {
  await page
    .getByTestId('verbs')
    .getByRole('button', { name: `${verb} …` })
    .click();
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  return { dialog, order: dialog.getByRole('button', { name: verb, exact: true }) };
}
