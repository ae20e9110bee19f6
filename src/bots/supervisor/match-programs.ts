// Which of supervisord's programs are which bot's. A bot's program need not be called `bot-<id>`: a group, a
// `process_name` or several processes give it other names, `live:main`, and asked for under the plain one supervisord
// says "no such process" of a bot that runs. So the full status is matched with what the conf files define and by
// the names themselves. What matches nothing may be any bot: a bot that was not found beside it is in doubt, never
// absent (I4). Pure.

import type { KnownProgram, ObservedPooled } from '../../domain/bot.ts';
import { entanglementOf } from './entanglement.ts';
import { type ConfDefinitions, type ConfFile, longestStop, readDefinitions } from './parse-conf.ts';
import { botOfConf, botOfProgram, confState, groupOf, processOf } from './program-names.ts';
import { createDefiner } from './program-owner.ts';

export interface BotPrograms extends Pick<ObservedPooled, 'conf' | 'programs'> {
  readonly entangled?: string;
  readonly stopSeconds?: number;
}

export interface PoolPrograms {
  /** Every bot that a conf file or a program names. */
  readonly bots: ReadonlyMap<string, BotPrograms>;
  /** Names of programs whose bot is unknown. */
  readonly unmatched: readonly string[];
  /** Whether the files were opened: then what they say of stop times is there. */
  readonly areFilesRead: boolean;
}

/** Whether each program is the one of a conf file of its own name: then its names say it all, and no file need be
 * opened. @param names of the files in the conf folder. */
export function isPlain(names: ReadonlySet<string>, programs: readonly KnownProgram[]): boolean {
  return programs.every(({ name }) => {
    const bot = botOfProgram(name);
    return bot !== undefined && confState(names, bot) !== 'gone';
  });
}

export function matchPlain(
  names: ReadonlySet<string>,
  programs: readonly KnownProgram[],
): PoolPrograms {
  const bots = new Map<string, BotPrograms>();
  for (const bot of botsOf(names)) bots.set(bot, { conf: confState(names, bot), programs: [] });
  for (const program of programs) {
    const bot = botOfProgram(program.name);
    if (bot === undefined) continue;
    const others = bots.get(bot)?.programs ?? [];
    bots.set(bot, { conf: confState(names, bot), programs: [...others, program] });
  }
  return { bots, unmatched: [], areFilesRead: false };
}

/** @param files of the conf folder, all of them, and of the image's own configuration what can be read. */
export function matchPrograms(
  files: readonly ConfFile[],
  programs: readonly KnownProgram[],
): PoolPrograms {
  const definitions = readDefinitions(files);
  const names = new Set(files.flatMap(({ name, isOfBots }) => (isOfBots ? [name] : [])));
  const whose = createDefiner(definitions);
  const found = new Map<string, KnownProgram[]>();
  for (const bot of botsOf(names)) if (!isForGroups(definitions, bot)) found.set(bot, []);
  for (const { bots } of whose.defined)
    for (const bot of bots) if (!found.has(bot)) found.set(bot, []);
  const unmatched: string[] = [];
  for (const program of programs) {
    const owner = whose.ownerOf(groupOf(program.name), processOf(program.name));
    if (owner === 'nobody') continue;
    if (owner === 'unknown') unmatched.push(program.name);
    else found.set(owner.bot, [...(found.get(owner.bot) ?? []), program]);
  }
  const bots = new Map<string, BotPrograms>();
  for (const [bot, own] of found) {
    const entangled = entanglementOf({ bot, own, programs, definitions, whose });
    const stopSeconds = longestStop(
      whose.defined.flatMap((one) => (one.bots.includes(bot) ? [one.program] : [])),
    );
    bots.set(bot, {
      ...{ conf: confState(names, bot), programs: own },
      ...(entangled === null ? {} : { entangled }),
      ...(stopSeconds === undefined ? {} : { stopSeconds }),
    });
  }
  return { bots, unmatched, areFilesRead: true };
}

function botsOf(names: ReadonlySet<string>): readonly string[] {
  return [...names].flatMap((name) => botOfConf(name) ?? []);
}

// A file that only puts programs together is no bot's, whatever it is called.
function isForGroups({ programs, groups }: ConfDefinitions, bot: string): boolean {
  const isOwn = ({ file }: { readonly file: ConfFile }) =>
    file.isOfBots && botOfConf(file.name) === bot;
  return groups.some(isOwn) && !programs.some(isOwn);
}
