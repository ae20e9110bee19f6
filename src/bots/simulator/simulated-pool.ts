// One pool container of the simulated world: what is in it now, its sessions and its files.

import { readTarFiles, type TarFile } from '../docker/tar.ts';
import { CONF_DIR, configPath, configText, confText, groupsText } from './conf-text.ts';
import { createExecSession, type RunLine } from './exec-session.ts';
import { type AnswerFault, beforeChange, beforeRead, isHit, lostReply } from './injected-faults.ts';
import type { Known, Operation, Operations } from './operation.ts';
import { confsOf, readsOnly, runCommand, wordsOf } from './simulated-shell.ts';
import { isVerb, runVerb } from './simulated-supervisor.ts';
import { hostKey, type PoolDocument, type PooledDocument, poolKey } from './world-documents.ts';

/** As it is at one command. */
export interface Pool extends Pick<PoolDocument, 'containerName' | 'supervisord' | 'running'> {
  readonly bots: readonly PooledDocument[];
  readonly strangers: readonly string[];
  /** Meets the faults of the pool and of its host. */
  readonly beforeRead: () => Promise<void>;
  /** Meets the same, and the faults of this bot. @param after null: nothing is left of it. */
  readonly change: (bot: PooledDocument, after: PooledDocument | null) => Promise<void>;
  /** Before a wait: what was changed is there. */
  readonly flush: () => Promise<void>;
  readonly isHit: (bot: PooledDocument, fault: AnswerFault) => Promise<boolean>;
}

export function createSimulatedPools(operations: Operations) {
  /** Files that wait for their names, by container and path. */
  const written = new Map<string, Map<string, string>>();
  const writtenIn = ({ containerId }: PoolDocument) => {
    const files = written.get(containerId) ?? new Map<string, string>();
    written.set(containerId, files);
    return files;
  };

  const answerShell =
    (container: PoolDocument): RunLine =>
    async (line) => {
      const { command, end } = shellLine(line);
      if (command === null) return `${end} 0\n`;
      const pool = await readRunning(operations.current(), container, command);
      const words = wordsOf(command);
      if (readsOnly(words)) await pool.beforeRead();
      const { output, exitCode } = await runCommand(pool, words, writtenIn(container));
      return `${output}${end} ${exitCode}\n`;
    };

  const answerSupervisorctl =
    (container: PoolDocument): RunLine =>
    async (line, signal) => {
      if (!isVerb(line)) return `*** Unknown syntax: ${line}\n${PROMPT}`;
      const pool = await readRunning(operations.current(), container, line);
      if (line === 'status') await pool.beforeRead();
      let changed: PooledDocument | undefined;
      const change: Pool['change'] = (bot, after) => {
        changed = bot;
        return pool.change(bot, after);
      };
      const answer = await runVerb({ ...pool, change }, line, signal);
      if (changed !== undefined && (await pool.isHit(changed, 'loseReply'))) throw lostReply();
      return `${answer}${PROMPT}`;
    };

  return {
    /** @param program `sh`, else supervisorctl. */
    open: (container: PoolDocument, program: string) =>
      program === 'sh'
        ? createExecSession('', answerShell(container))
        : createExecSession(PROMPT, answerSupervisorctl(container)),
    /** Null: it has no such path. */
    files: async (container: PoolDocument, path: string): Promise<readonly TarFile[] | null> =>
      filesAt(await read(operations.current(), container, path), path),
    write: async (container: PoolDocument, folder: string, archive: Buffer): Promise<void> => {
      for (const { path, text } of await readTarFiles(archive)) {
        writtenIn(container).set(`${folder}/${path}`, text);
      }
    },
  };
}

const PROMPT = 'supervisor> ';
const [BEFORE_END, AFTER_END] = ['echo "', ' $?"'];
const AFTER_COMMAND = ' </dev/null 2>&1; ';

/** As a session sends it: a command or none, and the word that ends its answer. */
function shellLine(line: string): { readonly command: string | null; readonly end: string } {
  const at = line.lastIndexOf(BEFORE_END);
  const end = line.slice(at + BEFORE_END.length, -AFTER_END.length);
  return { command: at === 0 ? null : line.slice(0, at - AFTER_COMMAND.length), end };
}

/** @throws when the container is gone. */
async function read(
  operation: Operation,
  { _id, host, containerId, containerName }: PoolDocument,
  question: string,
): Promise<Pool> {
  const query = { _id: [hostKey(host), poolKey(containerName)], pool: [containerName] };
  const known = await operation.find(query, `${containerId} ${question}`);
  const pool = known.get(_id);
  if (pool?.kind !== 'pool' || pool.containerId !== containerId) {
    throw new Error('the container is gone');
  }
  const hostFaults = known.get(hostKey(host));
  const place = hostFaults === undefined ? [pool] : [hostFaults, pool];
  return {
    ...{ containerName, supervisord: pool.supervisord, running: pool.running },
    strangers: pool.strangers ?? [],
    bots: botsIn(known, containerName),
    beforeRead: () => beforeRead(operation, place),
    change: async (bot, after) => {
      await beforeChange(operation, [...place, bot]);
      await (after === null ? operation.remove(bot) : operation.put(after));
    },
    flush: operation.flush,
    isHit: (bot, fault) => isHit(operation, [...place, bot], fault),
  };
}

function botsIn(known: Known, pool: string): readonly PooledDocument[] {
  const bots: PooledDocument[] = [];
  for (const one of known.values()) if (one.kind === 'pooled' && one.pool === pool) bots.push(one);
  return bots;
}

/** @throws when the container does not run: what runs in it has ended with it. */
async function readRunning(
  operation: Operation,
  container: PoolDocument,
  question: string,
): Promise<Pool> {
  const pool = await read(operation, container, question);
  if (pool.running) return pool;
  throw new Error('the container does not run');
}

function filesAt(pool: Pool, path: string): readonly TarFile[] | null {
  const { bots } = pool;
  if (path === `${CONF_DIR}/.`) {
    return confsOf(pool).map(({ name, bot }) => ({ path: `./${name}`, text: confText(bot) }));
  }
  const groups = bots.filter(({ entangled }) => entangled !== undefined).map(groupsText);
  if (path === GROUPS_DIR && groups.length > 0) {
    return [{ path: './groups.conf', text: groups.join('') }];
  }
  const config = bots.find(({ instanceId }) => configPath(instanceId) === path);
  const text = config === undefined ? null : configText(config);
  return text === null ? null : [{ path: 'config.json', text }];
}

/** Groups that are put together in the image, and not in the bot's own file. */
const GROUPS_DIR = '/etc/supervisor/conf.d/.';
