// What a person reads at the terminal after a start: what runs where, whether the bots are real, the page to open
// and a pair of commands to try.

import type { Services } from './compose/services.ts';
import { provisionsBots } from './config.ts';
import { isOddOnPurpose } from './demo.ts';

export interface StartupFacts {
  readonly services: Services;
  readonly url: string;
  /** What is embedded, one line each. */
  readonly embedded: readonly string[];
  readonly seeded: number;
  /** Whether runs that no person orders do more than report. */
  readonly mayPay: boolean;
}

const SHOWN_IDS = 5;
const DEFAULT_DATA_DIR = '.data';

const OWN_SECRET =
  '!  SESSION_SECRET is unset: sessions of the pages end with this process, and hold at no other.';

export function startupLines(facts: StartupFacts): readonly string[] {
  const { services, url, embedded, seeded, mayPay } = facts;
  const { config, runtime, migration } = services;
  const violations = migration.constraints
    .filter(({ violations: { count } }) => count > 0)
    // The demo has a user with odd numbers, to be shown: no alarm.
    .filter(({ violations: { ids } }) => !(config.isDemo && ids.every(isOddOnPurpose)))
    .map(({ constraint, violations: { count, ids } }) => {
      const which = ids.slice(0, SHOWN_IDS).join(', ');
      return `!  ${count} document(s) violate ${constraint} and are kept: ${which}`;
    });
  const repaired = migration.constraints
    .filter(({ status }) => status === 'repaired')
    .map(({ constraint }) => `!  ${constraint} was not as declared and was made anew`);
  return [
    '',
    'Reclaim is running.',
    ...embedded.map((line) => `   ${line}`),
    `   page, operations (/ops), API, docs (/docs) and queues (/admin/queues) on ${url}`,
    `   workers: ${config.workers === 'inline' ? 'in this process' : 'none here'}`,
    runtime.kind === 'simulator'
      ? `!  BOTS ARE SIMULATED: ${runtime.reason}. No container is touched.`
      : `   bots in Docker, ${runtime.reason}`,
    ...repaired,
    ...violations,
    ...(config.usersValidator === 'off' ? [NO_VALIDATOR] : []),
    ...(mayPay ? [] : [ONLY_LOOKS]),
    ...provisioning(services),
    ...(config.platformUrl === undefined ? [] : [INFORMS]),
    ...(config.sessionSecret === undefined && !config.isDemo ? [OWN_SECRET] : []),
    ...(seeded > 0 ? [`   ${seeded} demo users added`] : []),
    ...(config.isDemo && config.auth === 'local' ? tryIt(url, config.dataDir) : []),
  ];
}

const NO_VALIDATOR =
  '!  USERS_VALIDATOR=off: the database takes amounts that are no money; what is there already is counted above.';
const ONLY_LOOKS =
  '!  a first start beside allocations that exist: runs that no person orders only report, until their report is confirmed on /ops';

function provisioning({ config, isBesidePlatform }: Services): readonly string[] {
  if (!provisionsBots(config, isBesidePlatform)) return [NO_PROVISIONS];
  return isBesidePlatform ? [TWO_PROVISION] : [];
}

const INFORMS =
  '   PLATFORM_URL: after a deletion the platform deletes the bot too, its data folder included';
const NO_PROVISIONS =
  '   new bots are not started here (PROVISION=off, the default beside a platform): the platform starts them';
const TWO_PROVISION =
  '!  PROVISION=on beside a platform: where it starts bots too, both give out the same slots and ports';

/** As one word of a shell. */
function quoted(word: string): string {
  return /^[\w./:@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function tryIt(url: string, dataDir: string): readonly string[] {
  const where = dataDir === DEFAULT_DATA_DIR ? '' : `DATA_DIR=${quoted(dataDir)} `;
  const api = `${url}/api/freqtrade`;
  return [
    '',
    `Open ${url} in a browser; or delete a bot and poll its job from here:`,
    '',
    `  TOKEN=$(${where}npm run -s token -- --user uid-live)`,
    `  JOB=$(curl -s -X DELETE -H "Authorization: Bearer $TOKEN" ${api}/bots/uid-live-bot-1 | tee /dev/stderr | sed -E 's/.*"jobId":"([^"]+)".*/\\1/')`,
    `  curl -s -H "Authorization: Bearer $TOKEN" ${api}/jobs/$JOB`,
    '',
  ];
}
