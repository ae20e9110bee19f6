// Why a bot cannot be taken out of supervisord alone. Its conf file moves with it; where that file, or the group of its
// programs, is not the bot's own, moving the one or removing the other would take neighbours away, or leave a group
// that names a program which is not there: supervisord then refuses its whole configuration, and the pool does not start
// again. Such a bot is stopped, and what a person has to put right is reported. Pure.

import type { KnownProgram } from '../../domain/bot.ts';
import type { ConfDefinitions, ConfFile } from './parse-conf.ts';
import { botOfConf, groupOf } from './program-names.ts';
import type { Definer } from './program-owner.ts';

export interface Entangled {
  readonly bot: string;
  /** Its programs, and all of the pool. */
  readonly own: readonly KnownProgram[];
  readonly programs: readonly KnownProgram[];
  readonly definitions: ConfDefinitions;
  readonly whose: Definer;
}

/** Null: nothing is in the way. */
export function entanglementOf({
  bot,
  own,
  programs,
  definitions,
  whose,
}: Entangled): string | null {
  const isOwnFile = (file: ConfFile) => file.isOfBots && botOfConf(file.name) === bot;
  const mine = whose.defined.filter(({ bots }) => bots.includes(bot));
  const elsewhere = mine.find(({ program }) => !isOwnFile(program.file));
  if (elsewhere !== undefined) {
    const { name, file } = elsewhere.program;
    return `${file.name} defines its program ${name}`;
  }
  const guest = whose.defined.find(
    ({ program, bots }) => isOwnFile(program.file) && !bots.includes(bot),
  );
  if (guest !== undefined) return `its conf file defines ${guest.program.name} too`;
  const names = new Set(mine.map(({ program }) => program.name));
  for (const { name, file, programs: members } of definitions.groups) {
    const holdsIt = members.some((member) => names.has(member));
    if (isOwnFile(file) ? members.some((member) => !names.has(member)) : holdsIt) {
      return `the group ${name} in ${file.name} names ${isOwnFile(file) ? 'others' : 'it'} too`;
    }
  }
  const groups = new Set(own.map(({ name }) => groupOf(name)));
  const neighbour = programs.find((one) => groups.has(groupOf(one.name)) && !own.includes(one));
  return neighbour === undefined ? null : `${neighbour.name} is in its group`;
}
