// The bots' port with a memory: whichever container was once seen to be a bot's is asked for by its id, whatever it is
// called by now, before the bot may be called absent (I4). A renamed container is found so, stopped and
// removed; one that cannot be asked for makes the bot unknown. What is seen for the first time is noted beside what the
// caller does next, and stands before the bot is changed.

import { SagaError } from '@reclaim/saga';
import type { ObservedBot } from '../domain/bot.ts';
import { mapBounded } from '../domain/map-bounded.ts';
import {
  type JoinedAnswer,
  joinAnswers,
  ok,
  type SourceAnswer,
  unknown,
} from '../domain/source.ts';
import type { BotDoubt, Bots, BotsCall, HostListing, ListedBot } from './bots.ts';
import type { ComparedContainers, KnownContainers } from './mongo-known-containers.ts';
import { createPendingNotes } from './pending-notes.ts';

export function rememberContainers<Port extends Bots>(bots: Port, known: KnownContainers): Port {
  const notes = createPendingNotes(known);
  return {
    ...bots,
    locate: async (query, call) => {
      const { instanceId } = query;
      const before = await asked(async () => {
        await notes.settled(instanceId);
        return known.find(instanceId);
      });
      if (before.status === 'unknown') return joinAnswers([before], new Date());
      const knownIds = before.items.map(({ containerId }) => containerId);
      const answer = await bots.locate({ ...query, knownIds }, call);
      const found = answer.status === 'ok' ? answer.items : answer.found;
      const missing = before.items.filter(
        (one) => !found.some((observed) => isSame(observed, one)),
      );
      const observations = await Promise.all(
        missing.map(async (observed) => ({
          observed,
          observation: await bots.observe(instanceId, observed, call),
        })),
      );
      const isThere = (host: string) => found.some((observed) => observed.host === host);
      const gone = observations.flatMap(({ observed, observation }) =>
        isGone(observation) && isThere(observed.host)
          ? [{ instanceId, observedBot: observed }]
          : [],
      );
      const fresh = found.filter((observed) => !before.items.some((one) => isSame(one, observed)));
      notes.note(
        instanceId,
        fresh.map((observedBot) => ({ instanceId, observedBot })).filter(isProven),
      );
      const forgotten = await asked(() => known.forget(gone));
      if (forgotten.status === 'unknown') return joinAnswers([forgotten], new Date());
      return joined(
        answer,
        observations.map(({ observation }) => observation),
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
    stop: async (instanceId, observed, call) => {
      await notes.settled(instanceId);
      return bots.stop(instanceId, observed, call);
    },
    restore: async (instanceId, captured, call) => {
      await notes.settled(instanceId);
      // The worker that captured it may have died before its note landed, and the bot is to live on.
      await known.note([{ instanceId, observedBot: captured }].filter(isProven));
      return bots.restore(instanceId, captured, call);
    },
    remove: async (instanceId, observed, call) => {
      await notes.settled(instanceId);
      const outcome = await bots.remove(instanceId, observed, call);
      // A daemon that holds nothing at all may have lost it: then it is known on, and asked for again.
      const isGone = outcome === 'removed' || (await holdsAny(bots, observed.host, call));
      if (isGone) await known.forget([{ instanceId, observedBot: observed }]);
      return outcome;
    },
    start: async (order, call) => {
      const { instanceId } = order;
      await notes.settled(instanceId);
      const observedBot = await bots.start(order, call);
      await known.note([{ instanceId, observedBot }]);
      return observedBot;
    },
  };
}

/** Whether a container is the bot's by its own name, which is what makes it worth remembering: any image may carry a label. */
function isProven({ instanceId, observedBot }: ListedBot): boolean {
  return observedBot.kind === 'pooled' || observedBot.containerName === `freqtrade-${instanceId}`;
}

async function holdsAny(bots: Bots, host: string, call: BotsCall): Promise<boolean> {
  const answer = await bots.hasManaged(host, call);
  return answer.status === 'ok' && answer.items;
}

function isSame(one: ObservedBot, other: ObservedBot): boolean {
  return one.host === other.host && one.containerId === other.containerId;
}

function isGone(observation: SourceAnswer<ObservedBot | null>): boolean {
  return observation.status === 'ok' && observation.items === null;
}

function joined(
  answer: JoinedAnswer<ObservedBot>,
  observations: readonly SourceAnswer<ObservedBot | null>[],
): JoinedAnswer<ObservedBot> {
  const first = answer.status === 'ok' ? [answer] : [ok(answer.found, answer.observedAt), answer];
  const later = observations.map((observation) =>
    observation.status === 'ok'
      ? ok(observation.items === null ? [] : [observation.items], observation.observedAt)
      : observation,
  );
  const latest = observations.reduce(
    (at, observation) =>
      observation.status === 'ok' && observation.observedAt > at ? observation.observedAt : at,
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
  await mapBounded(missing, WIDTH, async (bot) => {
    const { instanceId, observedBot } = bot;
    const observation = await bots.observe(instanceId, observedBot, call);
    if (observation.status === 'unknown') {
      const reason = `${observedBot.containerName}: ${observation.reason}`;
      doubts.push({ reason, mayBe: (id) => id === instanceId });
    } else if (observation.items === null) gone.push(bot);
    else there.push({ instanceId, observedBot: observation.items });
  });
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
