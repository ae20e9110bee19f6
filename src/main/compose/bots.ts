// Where the bots live: Docker, or the simulator. `auto` means the simulator in the embedded demo, even where
// a Docker answers (a demo must not touch foreign containers), and elsewhere falls back to it where none
// answers. The log states clearly which one it is: simulated bots are not bots.

import type { Db } from 'mongodb';
import { type BotValuation, STORED_VALUES } from '../../bots/bot-valuation.ts';
import { readCertificates } from '../../bots/docker/certificates.ts';
import { createDockerBots, type DockerBots } from '../../bots/docker/docker-bots.ts';
import type { DockerHost as ReachableHost } from '../../bots/docker/docker-client.ts';
import { createFreqtradeValuation } from '../../bots/freqtrade/freqtrade-valuation.ts';
import { createSimulatedBots } from '../../bots/simulator/simulated-bots.ts';
import { createSimulatedValuation } from '../../bots/simulator/simulated-valuation.ts';
import type { Config } from '../config.ts';
import { isLoopback } from '../config-fields.ts';
import type { DockerHost } from '../docker-hosts.ts';

export interface BotRuntime {
  readonly kind: 'docker' | 'simulator';
  /** Why it is this one, for the start-up lines and the page. */
  readonly reason: string;
  readonly bots: DockerBots;
  readonly valuation: BotValuation;
}

export interface BotRuntimeOptions {
  readonly config: Config;
  readonly db: Db;
  readonly now: () => Date;
  readonly log: { warn(facts: object, message: string): void };
}

const FIRST_CHECK_MS = 3_000;

export async function chooseBotRuntime(options: BotRuntimeOptions): Promise<BotRuntime> {
  const { config } = options;
  if (config.botRuntime === 'simulator') return simulated(options, 'BOT_RUNTIME is simulator');
  if (config.botRuntime === 'auto' && config.isDemo) {
    return simulated(options, 'this is the embedded demo');
  }
  const docker = createDockerBots({
    hosts: await Promise.all(config.dockerHosts.map((host) => toReachable(host, options))),
    now: options.now,
    supervisorConfDir: config.supervisorConfDir,
    deadlines: { maxStopSeconds: config.maxStopSeconds },
    ...(config.botNetwork === undefined ? {} : { networkMode: config.botNetwork }),
    limits: {
      memoryMb: config.botMemoryMb === 0 ? null : config.botMemoryMb,
      capabilities: config.botCapabilities,
    },
    log: options.log,
  });
  if (config.botRuntime === 'docker' || (await doesAnswer(docker))) {
    const valuation = asConfigured(config, freqtradeValuation(config, docker));
    return { kind: 'docker', reason: namesOf(config), bots: docker, valuation };
  }
  docker.close();
  return simulated(options, 'no Docker host answered');
}

async function doesAnswer(docker: DockerBots): Promise<boolean> {
  const signal = AbortSignal.timeout(FIRST_CHECK_MS);
  const answers = await Promise.all(
    docker.hosts().map((host) => docker.hasManaged(host, { signal })),
  );
  return answers.some(({ status }) => status === 'ok');
}

function asConfigured({ botValue }: Config, asking: BotValuation): BotValuation {
  return botValue === 'bot' ? asking : STORED_VALUES;
}

function freqtradeValuation(
  { botApiUsername: username, botApiPassword: password }: Config,
  { readEndpoint }: DockerBots,
): BotValuation {
  const isWhole = username !== undefined && password !== undefined;
  const fallbackCredentials = isWhole ? { username, password } : null;
  return createFreqtradeValuation({ readEndpoint, fallbackCredentials });
}

function simulated({ config, db, now }: BotRuntimeOptions, reason: string): BotRuntime {
  return {
    kind: 'simulator',
    reason,
    bots: createSimulatedBots({ db, now, maxStopSeconds: config.maxStopSeconds }),
    valuation: asConfigured(config, createSimulatedValuation(db)),
  };
}

/** @throws Error when DOCKER_CERT_PATH is set and lacks a file. */
async function toReachable(
  { name, options }: DockerHost,
  { config: { dockerCertPath }, log }: BotRuntimeOptions,
): Promise<ReachableHost> {
  if ('socketPath' in options) return { name, options };
  if (dockerCertPath === undefined) {
    // A socket proxy beside us is a good reason for it; anything else is root on that machine for every user of the
    // network.
    if (!isLoopback(options.host)) {
      log.warn(
        { host: name },
        'docker host without TLS: every program that reaches its port controls that host',
      );
    }
    return { name, options };
  }
  const certificates = await readCertificates(dockerCertPath, name);
  return { name, options: { ...options, protocol: 'https', ...certificates } };
}

function namesOf({ dockerHosts }: Config): string {
  return `hosts: ${dockerHosts.map(({ name }) => name).join(', ')}`;
}
