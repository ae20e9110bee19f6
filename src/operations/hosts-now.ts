// The Docker hosts this moment: which answers and how fast, when each answered last, and which holds nothing
// although bots were known to be there (I4), so that an administrator must confirm whether that is right.

import type { Bots } from '../bots/bots.ts';
import type { HostTrust } from '../bots/hosts/host-trust.ts';
import { judgeHosts } from '../bots/hosts/judge-hosts.ts';
import type { GoneDecision } from '../bots/hosts/mongo-host-records.ts';
import type { UnlistedHost, UnlistedHosts } from '../bots/hosts/unlisted-hosts.ts';
import { ok } from '../domain/source.ts';
import type { PoolStates } from '../pool-state/pool-states.ts';
import type { SourceView } from './overview-schema.ts';
import { timed } from './timed.ts';

export interface HostsPorts {
  readonly bots: Pick<Bots, 'hosts' | 'hasManaged'>;
  readonly poolStates: Pick<PoolStates, 'read'>;
  readonly hostTrust: HostTrust;
  /** By the watch of this process; null: not since it started, or no watch runs. */
  readonly lastAnswers: () => readonly {
    readonly name: string;
    readonly lastAnswerAt: Date | null;
  }[];
  /** Those that DOCKER_HOSTS does not name any more. */
  readonly unlistedHosts: UnlistedHosts['find'];
}

/** A page waits for all hosts: one that is slower than this is shown as not answering. */
const HOST_TIMEOUT_MS = 1_500;

export async function readHosts(ports: HostsPorts, signal: AbortSignal): Promise<SourceView[]> {
  const { bots } = ports;
  const limits = { ms: HOST_TIMEOUT_MS, signal };
  const [unlisted, ...asked] = await Promise.all([
    timed(async () => ok(await ports.unlistedHosts(), new Date()), limits),
    ...bots.hosts().map(async (name) => ({
      name,
      ...(await timed((cut) => bots.hasManaged(name, { signal: cut }), limits)),
    })),
  ]);
  const isNowhere = !asked.some(({ answer }) => answer.status === 'ok' && answer.items);
  const lastAnswers = new Map(ports.lastAnswers().map((state) => [state.name, state.lastAnswerAt]));
  const notAsked = unlisted.answer.status === 'ok' ? unlisted.answer.items.map(unlistedView) : [];
  const listed = await Promise.all(
    asked.map(async ({ name, answer, tookMs }): Promise<SourceView> => {
      const isEmpty = answer.status === 'ok' && !answer.items;
      return {
        name,
        kind: 'docker',
        status: answer.status === 'ok' ? 'ok' : 'down',
        reason: answer.status === 'ok' ? null : answer.reason,
        tookMs,
        lastAnswerAt: lastAnswers.get(name)?.toISOString() ?? null,
        toConfirm: isEmpty ? await missedOn(ports, name, isNowhere, signal) : null,
      };
    }),
  );
  return [...listed, ...notAsked];
}

// A decision is shown as one, with who made it: no answer of the host stands behind it (I4).
function unlistedView({ name, gone }: UnlistedHost): SourceView {
  const view = { name, kind: 'docker', tookMs: null, lastAnswerAt: null } as const;
  return gone === null
    ? { ...view, status: 'unlisted', reason: UNLISTED, toConfirm: TO_DECIDE }
    : { ...view, status: 'gone', reason: decided(gone), toConfirm: null };
}

const UNLISTED = 'DOCKER_HOSTS does not name it';
const TO_DECIDE =
  'DOCKER_HOSTS does not name it, and containers of bots are remembered there: they are unknown until it is named again, or an administrator decides that it is gone for good';

const decided = ({ by, at, reason }: GoneDecision) => `decided by ${by} at ${at}: ${reason}`;

// Only of an empty host, which is rare: it needs the whole pool state.
async function missedOn(
  { bots, poolStates, hostTrust }: HostsPorts,
  host: string,
  isNowhere: boolean,
  signal: AbortSignal,
): Promise<string | null> {
  const { answer } = await timed(
    async (cut) => {
      const pools = await poolStates.read({ signal: cut });
      // A file that cannot be read places nothing; the host is judged by the rest.
      const state = pools.status === 'ok' ? pools.items : null;
      const question = { hosts: [host], pools: state, isNowhere };
      const askedAt = new Date();
      return ok(await judgeHosts({ bots, hostTrust }, question, { signal: cut }), askedAt);
    },
    { ms: HOST_TIMEOUT_MS, signal },
  );
  return answer.status === 'ok' ? (answer.items[0]?.reason ?? null) : null;
}
