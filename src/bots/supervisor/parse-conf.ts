// What supervisord's conf files define: programs, and the groups that give programs other names. Read as
// supervisord 4.2 reads them (comments, continued lines, names of processes made of a pattern), and no further: a
// value is text. Pure.

/** A file that supervisord reads, or one of its conf folder that a deletion has put aside. */
export interface ConfFile {
  /** Without its folder. */
  readonly name: string;
  /** Whether it stands in the folder of the bots' conf files; else it is the image's own. */
  readonly isOfBots: boolean;
  readonly text: string;
}

export interface ConfProgram {
  readonly name: string;
  readonly file: ConfFile;
  /** `process_name` as it stands there; supervisord's default is the program's name. */
  readonly processName: string;
  /** `stopwaitsecs`; missing where it is not set, or is no number. */
  readonly stopSeconds?: number;
  /** All its values, one a line: what it runs, where, with which environment. */
  readonly text: string;
}

export interface ConfGroup {
  readonly name: string;
  readonly file: ConfFile;
  readonly programs: readonly string[];
}

export interface ConfDefinitions {
  readonly programs: readonly ConfProgram[];
  readonly groups: readonly ConfGroup[];
}

export function readDefinitions(files: readonly ConfFile[]): ConfDefinitions {
  const programs: ConfProgram[] = [];
  const groups: ConfGroup[] = [];
  for (const file of files) {
    for (const { title, values } of sectionsOf(file.text)) {
      const [, kind, name] = SECTION.exec(title) ?? [];
      if (name === undefined) continue;
      if (kind === 'group') {
        const listed = (values.get('programs') ?? '').split(',').map((one) => one.trim());
        groups.push({ name, file, programs: listed.filter((one) => one !== '') });
      } else {
        const processName = values.get('process_name') ?? name;
        const wait = values.get('stopwaitsecs') ?? '';
        programs.push({
          ...{ name, file, processName, text: [...values.values()].join('\n') },
          ...(/^\d{1,9}$/.test(wait) && { stopSeconds: Number(wait) }),
        });
      }
    }
  }
  return { programs, groups };
}

/** The longest `stopwaitsecs` of these; undefined where none has any. */
export function longestStop(
  programs: readonly Pick<ConfProgram, 'stopSeconds'>[],
): number | undefined {
  const all = programs.flatMap(({ stopSeconds }) => stopSeconds ?? []);
  return all.length === 0 ? undefined : Math.max(...all);
}

/** What is a program to supervisord: event listeners and FastCGI programs too. */
const SECTION = /^(program|eventlistener|fcgi-program|group):\s*(\S+)\s*$/;

interface Section {
  readonly title: string;
  readonly values: Map<string, string>;
}

function sectionsOf(text: string): readonly Section[] {
  const sections: Section[] = [];
  let key: string | undefined;
  for (const raw of text.split(/\r?\n/)) {
    const line = /^[;#]/.test(raw) ? '' : withoutComment(raw);
    const section = sections.at(-1);
    const title = line.startsWith('[') ? line.slice(1, line.lastIndexOf(']')).trim() : undefined;
    if (title !== undefined) {
      sections.push({ title, values: new Map() });
      key = undefined;
    } else if (section !== undefined && key !== undefined && /^\s+\S/.test(line)) {
      section.values.set(key, `${section.values.get(key)}\n${line.trim()}`);
    } else if (section !== undefined && line.trim() !== '') {
      const at = line.search(/[=:]/);
      key = at < 0 ? undefined : line.slice(0, at).trim().toLowerCase();
      if (key !== undefined) section.values.set(key, line.slice(at + 1).trim());
    }
  }
  return sections;
}

function withoutComment(line: string): string {
  const at = line.search(/\s[;#]/);
  return at < 0 ? line : line.slice(0, at);
}
