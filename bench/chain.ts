// `--chain`: the commands of one deletion alone, with when each was sent, how long its answer took and how large it was.
// Medians over many deletions, of two kinds: a pooled bot, and one that has a container of its own.

import { setTimeout as pause } from 'node:timers/promises';
import {
  BSON,
  type CommandStartedEvent,
  type CommandSucceededEvent,
  type Document,
  type MongoClient,
} from 'mongodb';
import { drive } from './drive.ts';
import type { Environment } from './environment.ts';
import { requirePaid, seedContainers, seedUsers } from './herd.ts';
import { median } from './statistics.ts';
import { VARIANTS } from './variants.ts';

export interface ChainOptions {
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

interface Sent {
  readonly name: string;
  readonly atMs: number;
  readonly bytes: number;
  tookMs: number;
}

interface Chain {
  readonly isPooled: boolean;
  readonly tookMs: number;
  readonly sent: readonly Sent[];
}

const WARM_UPS = 100;
const DRAWN = 100;
/** Between two deletions: what the last one left to do, its user's audit, is done by then. */
const PAUSE_MS = 400;
/** What fewer of the deletions sent is background. */
const USUAL_SHARE = 0.5;

/** @param environment its clients tell of their commands. */
export async function drawChains(
  environment: Environment,
  { signal, say }: ChainOptions,
): Promise<string> {
  say('one deletion after the other');
  const chains = await environment.measure(async (place) => {
    const services = await place.services();
    const bots = await seedUsers(services.db, place.writePoolState, WARM_UPS + DRAWN);
    await seedContainers(services.db, bots);
    const { deleteBot, close } = await VARIANTS.sagas(services, bots, signal);
    try {
      await drive(bots.slice(0, WARM_UPS), WARM_UPS, deleteBot, signal);
      const drawn: Chain[] = [];
      for (const bot of bots.slice(WARM_UPS)) {
        await pause(PAUSE_MS, undefined, { signal });
        const { isPooled } = bot;
        drawn.push({ isPooled, ...(await commandsOf(services.db.client, () => deleteBot(bot))) });
      }
      await requirePaid(services.db, bots.length);
      return drawn;
    } finally {
      await close();
    }
  });
  const pooled = chains.filter(({ isPooled }) => isPooled);
  const own = chains.filter(({ isPooled }) => !isPooled);
  return `${drawing('a pooled bot', pooled)}\n\n${drawing('a bot of its own', own)}`;
}

async function commandsOf(
  client: MongoClient,
  work: () => Promise<void>,
): Promise<Omit<Chain, 'isPooled'>> {
  const begunMs = performance.now();
  const sent = new Map<number, Sent>();
  const onStarted = ({ requestId, commandName, command }: CommandStartedEvent) => {
    const name = nameOf(commandName, command);
    const bytes = BSON.calculateObjectSize(command);
    sent.set(requestId, { name, bytes, atMs: performance.now() - begunMs, tookMs: Number.NaN });
  };
  const onSucceeded = ({ requestId }: CommandSucceededEvent) => {
    const one = sent.get(requestId);
    if (one !== undefined) one.tookMs = performance.now() - begunMs - one.atMs;
  };
  client.on('commandStarted', onStarted);
  client.on('commandSucceeded', onSucceeded);
  try {
    await work();
    return { tookMs: performance.now() - begunMs, sent: [...sent.values()] };
  } finally {
    client.off('commandStarted', onStarted);
    client.off('commandSucceeded', onSucceeded);
  }
}

function nameOf(commandName: string, command: Document): string {
  const { w } = command.writeConcern ?? {};
  const concern = w === undefined ? '' : ` w:${w}`;
  return `${commandName} ${command[commandName]}${concern}`;
}

/** A line for each command that is usual, in the order of when it was sent: those of one name are told apart by their turn. */
function drawing(title: string, chains: readonly Chain[]): string {
  const byName = new Map<string, Sent[]>();
  for (const { sent } of chains) {
    const turns = new Map<string, number>();
    for (const one of sent) {
      const turn = (turns.get(one.name) ?? 0) + 1;
      turns.set(one.name, turn);
      const name = `${one.name} #${turn}`;
      byName.set(name, [...(byName.get(name) ?? []), one]);
    }
  }
  const lines = [...byName]
    .filter(([, some]) => some.length >= chains.length * USUAL_SHARE)
    .map(([name, some]) => ({
      name,
      atMs: median(some.map(({ atMs }) => atMs)),
      tookMs: median(some.map(({ tookMs }) => tookMs).filter((ms) => !Number.isNaN(ms))),
      bytes: median(some.map(({ bytes }) => bytes)),
    }))
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ name, atMs, tookMs, bytes }) =>
      line(name, [atMs.toFixed(1), tookMs.toFixed(1), bytes.toFixed(0)]),
    );
  const tookMs = median(chains.map((chain) => chain.tookMs)).toFixed(1);
  return [line(`${title}, ${tookMs} ms`, ['sent at', 'took', 'bytes']), ...lines].join('\n');
}

function line(name: string, cells: readonly string[]): string {
  return `${name.padEnd(48)}${cells.map((cell) => cell.padStart(9)).join('')}`;
}
