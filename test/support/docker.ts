// What a Docker test needs: a describe that is skipped, with its reason, where there is no Docker,
// and real pool and bot containers that are gone when the test, or the block that started them in a
// hook, has finished. Containers have no network: the tests need none, and a private daemon has none.

import Docker, { type Container } from 'dockerode';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { afterAll, describe, inject, onTestFinished, TestRunner } from 'vitest';
import { RUN_LABEL } from './docker-engine.ts';
import { titleLacking } from './needs.ts';
import { waitFor } from './wait-for.ts';
import { withDeadline } from './with-deadline.ts';

/** What the test set-up found: an engine with both images, or why the Docker tests are skipped. */
export type TestDocker =
  | {
      readonly socket: string;
      readonly poolImage: string;
      readonly botImage: string;
      /** Names this run; every container of a test carries it, so that none outlives the run. */
      readonly run: string;
    }
  | { readonly missing: string };

const CALL_TIMEOUT_MS = 30_000;

/** A pool is a dozen processes, Python's among them: on a busy machine one alone may take a quarter of a minute to come up. */
const TEST_TIMEOUT_MS = 180_000;

export interface PoolProgram {
  /** The program's whole name, `bot-<instanceId>`. */
  readonly name: string;
  readonly command: string;
  /** Whether supervisord starts it; one that is not started is there, and STOPPED. Default true. */
  readonly autostart?: boolean;
  /** supervisord's `startsecs`; the platform's is 10, the default here 0 (RUNNING at once). */
  readonly startSeconds?: number;
  /** How often supervisord itself tries a program that does not come up; default 3, as supervisord's own. */
  readonly startRetries?: number;
  /** The port that its config names, `bots/<id>/config.json`; default: it has no config. */
  readonly port?: number;
  /** supervisord's `stopwaitsecs`, after which it kills. Default 10, as supervisord's own. */
  readonly stopWaitSeconds?: number;
}

export interface PoolOptions {
  readonly name: string;
  readonly programs: readonly PoolProgram[];
  readonly labels?: Readonly<Record<string, string>>;
  /** More conf files in supervisord's folder, by name, as they are; nobody waits for what they start. */
  readonly files?: Readonly<Record<string, string>>;
  /** A folder of the host with `supervisor/`, `bots/` and `logs/`, mounted under /pool. Without it
   * the three are folders inside the container. */
  readonly poolDir?: string;
}

export type RestartPolicy = 'no' | 'always' | 'unless-stopped';

export interface DedicatedOptions {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Default: a process that runs until it is asked to stop. */
  readonly command?: readonly string[];
  /** Default: `unless-stopped`. */
  readonly restart?: RestartPolicy;
  /** `--stop-timeout`; negative: without end. */
  readonly stopSeconds?: number;
  /** `--rm`: it is gone when it has ended. */
  readonly isRemovedAtEnd?: boolean;
}

export interface RunningContainer {
  readonly id: string;
  readonly name: string;
  readonly container: Container;
  /** Runs a program inside, with standard output and error as one text. */
  exec(command: readonly string[]): Promise<{ readonly exitCode: number; readonly output: string }>;
}

/** `describe` where there is a Docker; elsewhere all its tests are skipped and the reason is shown. */
export function describeDocker(title: string, define: () => void): void {
  const docker = inject('docker');
  if ('missing' in docker) {
    describe.skip(titleLacking(title, 'Docker', docker.missing), define);
    return;
  }
  describe(title, { timeout: TEST_TIMEOUT_MS }, () => {
    afterAll(async () => {
      for (const name of [...startedInHooks]) await removeOwn(name);
      startedInHooks.clear();
    });
    define();
  });
}

/** The engine of this run. @throws outside `describeDocker`, where there may be none. */
export function testDocker(): Exclude<TestDocker, { missing: string }> & {
  readonly docker: Docker;
} {
  const found = inject('docker');
  if ('missing' in found) throw new Error(`a test without describeDocker: ${found.missing}`);
  return { ...found, docker: new Docker({ socketPath: found.socket }) };
}

/** A pool container as the platform runs it: supervisord first, one conf file per bot, restart policy
 * `unless-stopped`. Resolves when every autostarted program is RUNNING. */
export async function runPool(options: PoolOptions): Promise<RunningContainer> {
  const { poolImage } = testDocker();
  let pool = newContainer(poolImage, options.name, 'unless-stopped')
    .withLabels(options.labels ?? {})
    .withCopyContentToContainer([
      ...options.programs.map((program) => ({
        content: programConf(program),
        target: `/pool/supervisor/${program.name}.conf`,
      })),
      ...options.programs.flatMap(({ name, port }) => {
        const target = `/pool/bots/${name.replace(/^bot-/, '')}/config.json`;
        const content = JSON.stringify({ api_server: { enabled: true, listen_port: port } });
        return port === undefined ? [] : [{ content, target }];
      }),
      ...Object.entries(options.files ?? {}).map(([name, content]) => ({
        content,
        target: `/pool/supervisor/${name}`,
      })),
    ])
    .withWaitStrategy(Wait.forSuccessfulCommand(IT_LISTENS));
  if (options.poolDir !== undefined) {
    pool = pool.withBindMounts(
      ['supervisor', 'bots', 'logs'].map((folder) => ({
        source: `${options.poolDir}/${folder}`,
        target: `/pool/${folder}`,
      })),
    );
  }
  const started = await start(pool, options.name);
  const expected = options.programs.filter((program) => program.autostart !== false);
  await waitFor(`the programs of ${options.name} to run`, async () => {
    const { output } = await started.exec(['supervisorctl', 'status']);
    return expected.every(({ name }) => new RegExp(`^${name}\\s+RUNNING`, 'm').test(output));
  });
  return started;
}

/** A supervisorctl that comes too early is a tenth of a second of Python for nothing. */
const IT_LISTENS = "timeout 5 sh -c 'until [ -S /var/run/supervisor.sock ]; do sleep 0.05; done'";

/** A container of one bot's own. */
export async function runDedicated(options: DedicatedOptions): Promise<RunningContainer> {
  const { botImage } = testDocker();
  const restart = options.restart ?? 'unless-stopped';
  let bot = newContainer(botImage, options.name, restart)
    .withOwnStop(options)
    .withLabels(options.labels ?? {});
  if (options.command !== undefined) bot = bot.withCommand([...options.command]);
  return await start(bot, options.name);
}

/** For a container that the program under test makes itself: gone when the test has finished. */
export function removeAtEnd(name: string): void {
  onTestFinished(() => removeContainer(name));
}

/** The conf file of one program, as the platform writes it. */
export function programConf(program: PoolProgram): string {
  return [
    `[program:${program.name}]`,
    `command=${program.command}`,
    `autostart=${program.autostart ?? true}`,
    'autorestart=true',
    `startsecs=${program.startSeconds ?? 0}`,
    `startretries=${program.startRetries ?? 3}`,
    `stopwaitsecs=${program.stopWaitSeconds ?? 10}`,
    '',
  ].join('\n');
}

const startedInHooks = new Set<string>();

// A policy set after the start would race with a process that ends at once.
class ContainerWithPolicy extends GenericContainer {
  withRestartPolicy(Name: RestartPolicy): this {
    this.hostConfig.RestartPolicy = { Name };
    return this;
  }

  withOwnStop({
    stopSeconds,
    isRemovedAtEnd,
  }: Pick<DedicatedOptions, 'stopSeconds' | 'isRemovedAtEnd'>): this {
    if (stopSeconds !== undefined) this.createOpts.StopTimeout = stopSeconds;
    if (isRemovedAtEnd !== undefined) this.hostConfig.AutoRemove = isRemovedAtEnd;
    return this;
  }
}

function newContainer(image: string, name: string, restart: RestartPolicy): ContainerWithPolicy {
  // testcontainers reads these when it first connects. Its own cleaner needs a registry, and it would
  // ask for a bridge network, which a private daemon does not have.
  process.env.DOCKER_HOST = `unix://${testDocker().socket}`;
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  process.env.TESTCONTAINERS_HOST_OVERRIDE = '127.0.0.1';
  if (TestRunner.getCurrentTest() === undefined) startedInHooks.add(name);
  else onTestFinished(() => removeOwn(name));
  return new ContainerWithPolicy(image)
    .withRestartPolicy(restart)
    .withName(name)
    .withLabels({ [RUN_LABEL]: testDocker().run })
    .withNetworkMode('none')
    .withAutoCleanup(false)
    .withAutoRemove(false)
    .withStartupTimeout(CALL_TIMEOUT_MS);
}

async function start(definition: GenericContainer, name: string): Promise<RunningContainer> {
  const started: StartedTestContainer = await definition.start();
  const container = testDocker().docker.getContainer(started.getId());
  return {
    id: started.getId(),
    name,
    container,
    exec: async (command) => {
      const call = started.exec([...command]);
      const { exitCode, output } = await withDeadline(call, CALL_TIMEOUT_MS, command.join(' '));
      return { exitCode, output };
    },
  };
}

// Another run on the same engine may have been quicker to take the name: what has it then is not ours.
async function removeOwn(name: string): Promise<void> {
  const { docker, run } = testDocker();
  const listing = docker.listContainers({
    all: true,
    filters: { label: [`${RUN_LABEL}=${run}`] },
  });
  const ours = await withDeadline(listing, CALL_TIMEOUT_MS, 'listing containers');
  for (const { Id: id, Names: names } of ours) {
    if (names.includes(`/${name}`)) await removeContainer(id);
  }
}

async function removeContainer(name: string): Promise<void> {
  const { docker } = testDocker();
  const removal = docker.getContainer(name).remove({ force: true, v: true });
  await withDeadline(removal, CALL_TIMEOUT_MS, `removing ${name}`).catch((error: unknown) => {
    const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
    // 404: the test removed it itself; 409: a removal that it began is still under way.
    if (status !== 404 && status !== 409) throw error;
  });
}
