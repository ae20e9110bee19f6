// The bot of one program of supervisord's: by the definition it was made of, else by its own name. A definition is the
// bot's whose name it has, else whose data it works on, else whose conf file it stands in. Pure.

import { parseInstanceId } from '../../domain/ids.ts';
import { escapeRegExp } from '../docker/container-names.ts';
import type { ConfDefinitions, ConfProgram } from './parse-conf.ts';
import { botOfConf, botOfProgram, programName } from './program-names.ts';

export type ProgramOwner =
  | { readonly bot: string }
  /** One of the image's own, which names no bot anywhere. */
  | 'nobody'
  | 'unknown';

export interface DefinedProgram {
  readonly program: ConfProgram;
  readonly bots: readonly string[];
  /** Of supervisord's; a program that no group names is a group of its own. */
  readonly groups: readonly string[];
  readonly process: RegExp;
}

export type Definer = ReturnType<typeof createDefiner>;

export function createDefiner({ programs, groups }: ConfDefinitions) {
  const defined = programs.map((program): DefinedProgram => {
    const named = groups.filter((group) => group.programs.includes(program.name));
    return {
      program,
      bots: botsOfDefinition(program),
      groups: named.length === 0 ? [program.name] : named.map(({ name }) => name),
      process: processPattern(program),
    };
  });
  return {
    defined,
    ownerOf: (group: string, process: string): ProgramOwner => {
      const exact = defined.filter(
        (one) => one.groups.includes(group) && one.process.test(process),
      );
      // Its group may be put together in a file that cannot be read; then its process has to name the program.
      const loose = defined.filter(
        ({ program, process: pattern }) =>
          pattern.test(process) && process.includes(program.name) && botOfProgram(program.name),
      );
      const makers = exact.length > 0 ? exact : loose;
      return makers.length > 0 ? onlyBotOf(makers) : byName(group, process);
    },
  };
}

function onlyBotOf(makers: readonly DefinedProgram[]): ProgramOwner {
  const bots = new Set(makers.flatMap((one) => one.bots));
  const [bot] = bots;
  if (bot === undefined) return 'nobody';
  return bots.size === 1 ? { bot } : 'unknown';
}

// Nothing that can be read defines it.
function byName(group: string, process: string): ProgramOwner {
  const byGroup = botOfProgram(group);
  const byProcess = botOfProgram(process);
  if (byGroup === undefined || byProcess === undefined) {
    const bot = byGroup ?? byProcess;
    return bot === undefined ? 'unknown' : { bot };
  }
  const isNumbered =
    process.startsWith(`${group}_`) && /^\d+$/.test(process.slice(group.length + 1));
  return byGroup === byProcess || isNumbered ? { bot: byGroup } : 'unknown';
}

function botsOfDefinition({ name, text, file }: ConfProgram): readonly string[] {
  const byFile = file.isOfBots ? botOfConf(file.name) : undefined;
  // `bot-a-watch` in the file of `a` is a second program of it, not the bot `a-watch`.
  if (byFile !== undefined && new RegExp(`^${escapeRegExp(programName(byFile))}[-_.]`).test(name)) {
    return [byFile];
  }
  const byName = botOfProgram(name);
  if (byName !== undefined) return [byName];
  const byData = new Set(
    [...text.matchAll(DATA_FOLDER)].flatMap(([, id]) => parseInstanceId(id) ?? []),
  );
  if (byData.size > 0) return [...byData];
  return byFile === undefined ? [] : [byFile];
}

/** Where the platform keeps a bot's data inside a pool. */
const DATA_FOLDER = /\/pool\/bots\/([^\s/"']{1,128})/g;

// supervisord fills in the names of program and group, and the number of the process; what else stands there may
// become anything.
function processPattern({ name, processName }: ConfProgram): RegExp {
  const parts = processName.split(/(%\(\w{1,40}\)\d{0,3}[sd]|%%)/);
  const pattern = parts.map((part) => {
    if (part === '%%') return '%';
    if (part.startsWith('%(program_name)')) return escapeRegExp(name);
    if (part.startsWith('%(process_num)')) return '\\d{1,9}';
    return part.startsWith('%(') ? ANYTHING : escapeRegExp(part);
  });
  return new RegExp(`^${withOneHole(pattern).join('')}$`);
}

const ANYTHING = '.+';

// Several of them one after the other would take a time that grows with a power of the name's length.
function withOneHole(pattern: readonly string[]): readonly string[] {
  const first = pattern.indexOf(ANYTHING);
  const last = pattern.lastIndexOf(ANYTHING);
  return first === last ? pattern : [...pattern.slice(0, first + 1), ...pattern.slice(last + 1)];
}
