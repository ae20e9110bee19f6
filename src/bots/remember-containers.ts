// The bots' port with a memory: whichever container was once seen to be a bot's is asked for by its id, whatever it is
// called by now, before anybody may say that the bot is nowhere (I4). A renamed container is found so, stopped and
// removed; one that cannot be asked for makes the bot unknown.

import { SagaError } from '@reclaim/saga';
import type { Sighting } from '../domain/bot.ts';
import {
  type JoinedAnswer,
  joinAnswers,
  ok,
  type SourceAnswer,
  unknown,
} from '../domain/source.ts';
import type { BotDoubt, Bots, BotsCall, HostListing, ListedBot } from './bots.ts';
import type { ComparedContainers, KnownContainers } from './known-containers.ts';

export function rememberContainers<Port extends Bots>(bots: Port, known: KnownContainers): Port {
  return {
    ...bots,
    locate: async (query, call) => {
      const { instanceId } = query;
      const before = await asked(() => known.find(instanceId));
      if (before.status === 'unknown') return joinAnswers([before], new Date());
      const knownIds = before.items.map(({ containerId }) => containerId);
      const answer = await bots.locate({ ...query, knownIds }, call);
      const found = answer.status === 'ok' ? answer.items : answer.found;
      const missing = before.items.filter((one) => !found.some((seen) => isSame(seen, one)));
      const looks = await Promise.all(
        missing.map(async (seen) => ({ seen, look: await bots.look(instanceId, seen, call) })),
      );
      const isThere = (host: string) => found.some((seen) => seen.host === host);
      const gone = looks.flatMap(({ seen, look }) =>
        isGone(look) && isThere(seen.host) ? [{ instanceId, sighting: seen }] : [],
      );
      const fresh = found.filter((seen) => !before.items.some((one) => isSame(one, seen)));
      const noted = await asked(async () => {
        await known.note(fresh.map((sighting) => ({ instanceId, sighting })).filter(isProven));
        await known.forget(gone);
      });
      if (noted.status === 'unknown') return joinAnswers([noted], new Date());
      return joined(
        answer,
        looks.map(({ look }) => look),
      );
    },
    list: async (host, owner, call) => {
      const listing = await bots.list(host, owner, call);
      if (listing.answer.status === 'unknown') return listing;
      const items = listing.answer.items.filter(isProven);
      const compared = await asked(() => known.compare({ host, owner, items }));
      if (compared.status === 'unknown') return { ...listing, answer: compared };
      return withMissing({ bots, known }, listing, compared.items, call);
    },
    remove: async (instanceId, seen, call) => {
      const outcome = await bots.remove(instanceId, seen, call);
      // A daemon that holds nothing at all may have lost it: then it is known on, and asked for again.
      const isGone = outcome === 'removed' || (await holdsAny(bots, seen.host, call));
      if (isGone) await known.forget([{ instanceId, sighting: seen }]);
      return outcome;
    },
    start: async (order, call) => {
      const sighting = await bots.start(order, call);
      await known.note([{ instanceId: order.instanceId, sighting }]);
      return sighting;
    },
  };
}

/** Whether a container is the bot's by its own name, which is what makes it worth remembering: a label may be anybody's. */
function isProven({ instanceId, sighting }: ListedBot): boolean {
  return sighting.kind === 'pooled' || sighting.containerName === `freqtrade-${instanceId}`;
}

async function holdsAny(bots: Bots, host: string, call: BotsCall): Promise<boolean> {
  const answer = await bots.hasManaged(host, call);
  return answer.status === 'ok' && answer.items;
}

function isSame(one: Sighting, other: Sighting): boolean {
  return one.host === other.host && one.containerId === other.containerId;
}

function isGone(look: SourceAnswer<Sighting | null>): boolean {
  return look.status === 'ok' && look.items === null;
}

function joined(
  answer: JoinedAnswer<Sighting>,
  looks: readonly SourceAnswer<Sighting | null>[],
): JoinedAnswer<Sighting> {
  const first = answer.status === 'ok' ? [answer] : [ok(answer.found, answer.observedAt), answer];
  const later = looks.map((look) =>
    look.status === 'ok' ? ok(look.items === null ? [] : [look.items], look.observedAt) : look,
  );
  const latest = looks.reduce(
    (at, look) => (look.status === 'ok' && look.observedAt > at ? look.observedAt : at),
    answer.observedAt,
  );
  return joinAnswers([...first, ...later], latest);
}

/** Known containers of one host that are asked for at the same time. */
const WIDTH = 8;

async function withMissing(
  { bots, known }: { readonly bots: Bots; readonly known: KnownContainers },
  listing: HostListing,
  { missing, isSameHost }: ComparedContainers,
  call: BotsCall,
): Promise<HostListing> {
  if (listing.answer.status === 'unknown') return listing;
  const there: ListedBot[] = [];
  const gone: ListedBot[] = [];
  const doubts: BotDoubt[] = [];
  const waiting = [...missing];
  async function next(): Promise<void> {
    for (let bot = waiting.pop(); bot !== undefined; bot = waiting.pop()) {
      const { instanceId, sighting } = bot;
      const look = await bots.look(instanceId, sighting, call);
      if (look.status === 'unknown') {
        const reason = `${sighting.containerName}: ${look.reason}`;
        doubts.push({ reason, mayBe: (id) => id === instanceId });
      } else if (look.items === null) gone.push(bot);
      else there.push({ instanceId, sighting: look.items });
    }
  }
  await Promise.all(Array.from({ length: WIDTH }, next));
  const { observedAt, items } = listing.answer;
  // A daemon that holds others of the same memory is the one that they were seen on, and its no is final; so is one's that
  // holds the bot in another container.
  const listed = new Set(items.map(({ instanceId }) => instanceId));
  const isOver = ({ instanceId }: ListedBot) => isSameHost || listed.has(instanceId);
  await asked(() => known.forget(gone.filter(isOver)));
  return {
    ...listing,
    answer: ok([...items, ...there], observedAt),
    doubts: [...(listing.doubts ?? []), ...doubts],
  };
}

/** A memory that cannot be asked leaves everything in doubt that it may hold. */
async function asked<T>(ask: () => Promise<T>): Promise<SourceAnswer<T>> {
  try {
    return ok(await ask(), new Date());
  } catch (error) {
    if (error instanceof SagaError) return unknown(error.message);
    throw error;
  }
}
