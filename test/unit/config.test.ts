import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConfigError, parseConfig, provisionsBots } from '../../src/main/config.ts';

const PRODUCTION = {
  MONGODB_URI: 'mongodb://db/reclaim',
  REDIS_URL: 'redis://queue',
  FIREBASE_PROJECT_ID: 'shop-1',
  SESSION_SECRET: 's3cret-'.repeat(5),
};

function problemsOf(env: Record<string, string>, role: 'server' | 'worker' = 'server') {
  try {
    parseConfig(env, role);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('no problem was found');
}

function variablesOf(env: Record<string, string>, role: 'server' | 'worker' = 'server') {
  return problemsOf(env, role).problems.map(({ variable }) => variable);
}

describe('an empty environment', () => {
  it('is the embedded demo: local tokens, loopback, the documented defaults', () => {
    expect(parseConfig({})).toEqual({
      port: 3000,
      host: '127.0.0.1',
      mongodbUri: undefined,
      redisUrl: undefined,
      dataDir: '.data',
      botRuntime: 'auto',
      dockerHosts: [{ name: 'local', options: { socketPath: '/var/run/docker.sock' } }],
      poolState: 'file',
      poolStateFile: '.data/.container-pool-state.json',
      botImage: undefined,
      provision: undefined,
      botMemoryMb: 1024,
      botCapabilities: [],
      botValue: 'bot',
      botApiUsername: undefined,
      botApiPassword: undefined,
      rateLimitPerMinute: 1200,
      addressRateLimitPerMinute: 300,
      firebaseCheckRevoked: 'none',
      sessionSecret: undefined,
      onStopFailure: 'refund',
      stopTimeoutMs: 30_000,
      maxStopSeconds: 120,
      supervisorConfDir: '/pool/supervisor',
      syncEveryMs: 3_600_000,
      syncConfirmMs: 2_000,
      syncYoungMs: 15_000,
      syncOnOpen: false,
      syncMaxRefunds: 100,
      healthEveryMs: 30_000,
      auth: 'local',
      firebaseProjectId: undefined,
      firebaseAuthEmulatorHost: undefined,
      defaultWaitMs: 0,
      usersValidator: 'on',
      sagaRetentionDays: 90,
      walletTransactionsKept: 0,
      trustProxy: false,
      allowedOrigins: [],
      platformJwtSecret: undefined,
      platformUrl: undefined,
      platformToken: undefined,
      logLevel: 'info',
      otlpEndpoint: undefined,
      serviceName: 'reclaim',
      workers: 'inline',
      workerConcurrency: 50,
      metricsToken: undefined,
      metricsPort: undefined,
      metricsHost: '127.0.0.1',
      leaseMs: 15_000,
      isLoopback: true,
      isDemo: true,
      isProduction: false,
    });
  });

  it('variables that are set but empty: as if unset', () => {
    expect(parseConfig({ PORT: '', MONGODB_URI: '', AUTH: '' })).toEqual(parseConfig({}));
  });
});

describe('PROVISION', () => {
  it.each([
    { given: '', besidePlatform: false, isOn: true },
    { given: '', besidePlatform: true, isOn: false },
    { given: 'on', besidePlatform: true, isOn: true },
    { given: 'off', besidePlatform: false, isOn: false },
  ])(
    '$given, beside a platform $besidePlatform: on is $isOn',
    ({ given, besidePlatform, isOn }) => {
      const config = parseConfig({ ...PRODUCTION, PROVISION: given });
      expect(provisionsBots(config, besidePlatform)).toBe(isOn);
    },
  );

  it('the demo, which brings its own platform: on', () => {
    expect(provisionsBots(parseConfig({}), true)).toBe(true);
    expect(variablesOf({ PROVISION: 'no' })).toEqual(['PROVISION']);
  });
});

describe('the platform', () => {
  const PLATFORM_TOKEN = 'an.administrators.token';

  it.each([
    ['https://bots.example/orchestrator/', 'https://bots.example/orchestrator'],
    ['http://127.0.0.1:5000', 'http://127.0.0.1:5000'],
    ['http://localhost:5000/', 'http://localhost:5000'],
    ['http://[::1]:5000', 'http://[::1]:5000'],
  ])('PLATFORM_URL=%s: a secret may be sent there', (PLATFORM_URL, url) => {
    const config = parseConfig({ ...PRODUCTION, PLATFORM_URL, PLATFORM_TOKEN });
    expect([config.platformUrl, config.platformToken]).toEqual([url, PLATFORM_TOKEN]);
  });

  it.each([
    'http://bots.example',
    'http://127.0.0.1.example',
    'https://me:hunter2@bots.example',
    'https://bots.example/?a=hunter2',
    'https://bots.example/#a',
    'ftp://bots.example',
    'bots.example',
  ])('PLATFORM_URL=%s: refused, and not repeated', (PLATFORM_URL) => {
    const error = problemsOf({ ...PRODUCTION, PLATFORM_URL, PLATFORM_TOKEN });
    expect(error.problems.map(({ variable }) => variable)).toEqual(['PLATFORM_URL']);
    expect(error.message).not.toContain('hunter2');
  });

  it('one without the other, here or at a worker, and both in the demo: refused', () => {
    const PLATFORM_URL = 'https://bots.example';
    expect(variablesOf({ ...PRODUCTION, PLATFORM_URL })).toEqual(['PLATFORM_TOKEN']);
    expect(variablesOf({ ...PRODUCTION, PLATFORM_TOKEN }, 'worker')).toEqual(['PLATFORM_URL']);
    expect(variablesOf({ PLATFORM_URL, PLATFORM_TOKEN })).toEqual(['PLATFORM_URL']);
    const bad = problemsOf({ ...PRODUCTION, PLATFORM_URL, PLATFORM_TOKEN: 'two words of hunter2' });
    expect(bad.message).not.toContain('hunter2');
  });
});

describe('bad values', () => {
  it('several at once: all are in one error, each with what was found and what is expected', () => {
    const error = problemsOf({ PORT: '80x', ON_STOP_FAILURE: 'retry', LEASE_SECONDS: '0' });
    expect(error.problems).toEqual([
      { variable: 'PORT', found: '"80x"', expected: 'a whole number from 0 to 65535' },
      { variable: 'ON_STOP_FAILURE', found: '"retry"', expected: 'one of refund, restore, hold' },
      { variable: 'LEASE_SECONDS', found: '"0"', expected: 'a whole number from 1 to 300' },
    ]);
    for (const variable of ['PORT', 'ON_STOP_FAILURE', 'LEASE_SECONDS']) {
      expect(error.message).toContain(variable);
    }
  });

  it.each(['-1', '1e3', ' 5', '5.5', '0x10', 'NaN', '65536', '99999999999999'])(
    'PORT=%j: refused',
    (PORT) => expect(variablesOf({ PORT })).toEqual(['PORT']),
  );

  it('METRICS_PORT: off unless set; any port, 0 for a free one', () => {
    const { metricsPort, metricsHost } = parseConfig({ METRICS_PORT: '0', METRICS_HOST: '::' });
    expect({ metricsPort, metricsHost }).toEqual({ metricsPort: 0, metricsHost: '::' });
    const bad = { METRICS_PORT: '65536', METRICS_HOST: 'a b' };
    expect(variablesOf(bad)).toEqual(['METRICS_PORT', 'METRICS_HOST']);
  });

  it('POOL_STATE: file or mongodb, nothing else', () => {
    expect(parseConfig({ POOL_STATE: 'mongodb' }).poolState).toBe('mongodb');
    expect(variablesOf({ POOL_STATE: 'redis' })).toEqual(['POOL_STATE']);
  });

  it.each([
    ['off', false],
    ['on', 1],
    ['2', 2],
    ['10.0.0.0/8, 127.0.0.1,fd00::/8', ['10.0.0.0/8', '127.0.0.1', 'fd00::/8']],
  ])('TRUST_PROXY=%s: %o', (TRUST_PROXY, trustProxy) =>
    expect(parseConfig({ TRUST_PROXY }).trustProxy).toEqual(trustProxy),
  );

  it.each(['yes', '0', '10', '10.0.0.0/33', '10.0.0.0/8/8', 'proxy.example', '127.0.0.1,'])(
    'TRUST_PROXY=%s: refused',
    (TRUST_PROXY) => expect(variablesOf({ TRUST_PROXY })).toEqual(['TRUST_PROXY']),
  );

  it('BOT_MEMORY_MB, BOT_CAPABILITIES: of new containers; what Docker does not know is refused', () => {
    const { botMemoryMb, botCapabilities } = parseConfig({
      ...{ BOT_MEMORY_MB: '0', BOT_CAPABILITIES: 'CHOWN, SETUID' },
    });
    expect([botMemoryMb, botCapabilities]).toEqual([0, ['CHOWN', 'SETUID']]);
    expect(parseConfig({ BOT_CAPABILITIES: 'default' }).botCapabilities).toBeNull();
    expect(variablesOf({ BOT_CAPABILITIES: 'all of them' })).toEqual(['BOT_CAPABILITIES']);
  });

  it('addresses with credentials: named, and never repeated', () => {
    const error = problemsOf({
      MONGODB_URI: 'postgres://me:hunter2@db',
      REDIS_URL: 'http://me:hunter2@queue',
      DOCKER_HOSTS: 'tcp://me:hunter2@docker',
      FIREBASE_PROJECT_ID: 'shop-1',
    });
    expect(error.problems.map(({ variable }) => variable)).toEqual([
      'MONGODB_URI',
      'REDIS_URL',
      'DOCKER_HOSTS',
    ]);
    expect(error.message).not.toContain('hunter2');
  });
});

describe('HEALTH_EVERY_SECONDS', () => {
  it('0: off; anything but whole seconds up to an hour: refused', () => {
    expect(parseConfig({ HEALTH_EVERY_SECONDS: '0' }).healthEveryMs).toBe(0);
    expect(parseConfig({ HEALTH_EVERY_SECONDS: '3600' }).healthEveryMs).toBe(3_600_000);
    for (const HEALTH_EVERY_SECONDS of ['-1', '0.5', '3601', 'often']) {
      expect(variablesOf({ HEALTH_EVERY_SECONDS })).toEqual(['HEALTH_EVERY_SECONDS']);
    }
  });
});

describe('AUTH', () => {
  it('with a MongoDB of its own: firebase, which needs the project', () => {
    expect(parseConfig(PRODUCTION).auth).toBe('firebase');
    expect(variablesOf({ MONGODB_URI: 'mongodb://db' })).toEqual(['FIREBASE_PROJECT_ID']);
  });

  it('local in production: refused, asked for or not', () => {
    const SESSION_SECRET = PRODUCTION.SESSION_SECRET;
    expect(variablesOf({ NODE_ENV: 'production', SESSION_SECRET })).toEqual(['AUTH']);
    expect(variablesOf({ ...PRODUCTION, NODE_ENV: 'production', AUTH: 'local' })).toEqual(['AUTH']);
  });

  it('local where other machines can reach it: refused', () => {
    expect(variablesOf({ HOST: '0.0.0.0' })).toEqual(['AUTH']);
    expect(variablesOf({ HOST: '::', AUTH: 'local' })).toEqual(['AUTH']);
    expect(parseConfig({ HOST: '::1' }).auth).toBe('local');
    expect(parseConfig({ HOST: 'localhost' }).auth).toBe('local');
  });

  it('an emulator in production: refused, because its tokens are not signed', () => {
    const env = { ...PRODUCTION, NODE_ENV: 'production', FIREBASE_AUTH_EMULATOR_HOST: 'h:9099' };
    expect(variablesOf(env)).toEqual(['FIREBASE_AUTH_EMULATOR_HOST']);
  });
});

describe('SESSION_SECRET', () => {
  const { SESSION_SECRET, ...WITHOUT } = PRODUCTION;
  const production = { ...WITHOUT, NODE_ENV: 'production' };

  async function fileWith(content: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'reclaim-test-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'secret');
    await writeFile(file, content);
    return file;
  }

  it('in production: needed, and the refusal says how to make one', () => {
    const error = problemsOf(production);
    expect(error.problems.map(({ variable }) => variable)).toEqual(['SESSION_SECRET']);
    expect(error.message).toContain('openssl rand');
    expect(error.message).toContain('SESSION_SECRET_FILE');
    expect(
      variablesOf({ NODE_ENV: 'production', AUTH: 'firebase', FIREBASE_PROJECT_ID: 'x' }),
    ).toEqual(['SESSION_SECRET']);
    expect(parseConfig({ ...production, SESSION_SECRET }).sessionSecret).toBe(SESSION_SECRET);
  });

  it('too short, or with blanks: refused, and never repeated', () => {
    for (const bad of ['hunter2', 'hunter2 '.repeat(9)]) {
      const error = problemsOf({ ...production, SESSION_SECRET: bad });
      expect(error.problems.map(({ variable }) => variable)).toContain('SESSION_SECRET');
      expect(error.message).not.toContain('hunter2');
    }
  });

  it('from a file, without the end of its line; and so the addresses that hold passwords', async () => {
    const SESSION_SECRET_FILE = await fileWith(`${SESSION_SECRET}\n`);
    expect(parseConfig({ ...production, SESSION_SECRET_FILE }).sessionSecret).toBe(SESSION_SECRET);
    const MONGODB_URI_FILE = await fileWith('mongodb://me:pw@db/reclaim');
    const REDIS_URL_FILE = await fileWith('redis://:pw@queue');
    const config = parseConfig({ MONGODB_URI_FILE, REDIS_URL_FILE, FIREBASE_PROJECT_ID: 'x' });
    expect(config).toMatchObject({ mongodbUri: 'mongodb://me:pw@db/reclaim', isDemo: false });
    expect(config.redisUrl).toBe('redis://:pw@queue');
  });

  it('a file that is not there, is empty, or stands beside the variable: refused', async () => {
    const missing = { ...production, SESSION_SECRET_FILE: '/nowhere/secret' };
    expect(problemsOf(missing).message).toContain('/nowhere/secret (ENOENT)');
    const empty = { ...production, SESSION_SECRET_FILE: await fileWith('\n') };
    expect(variablesOf(empty)).toContain('SESSION_SECRET_FILE');
    const both = { ...production, SESSION_SECRET, SESSION_SECRET_FILE: await fileWith('x') };
    expect(variablesOf(both)).toEqual(['SESSION_SECRET_FILE']);
    expect(variablesOf({ MONGODB_URI_FILE: '/nowhere/uri' })).toContain('MONGODB_URI_FILE');
  });
});

describe('a worker', () => {
  it('without addresses: both are asked for, because it embeds nothing', () => {
    expect(variablesOf({}, 'worker')).toEqual(['MONGODB_URI', 'REDIS_URL']);
  });

  it('with addresses: needs nothing of what signs users in', () => {
    const { FIREBASE_PROJECT_ID: _project, SESSION_SECRET: _secret, ...env } = PRODUCTION;
    expect(parseConfig({ ...env, NODE_ENV: 'production' }, 'worker').isDemo).toBe(false);
  });
});

describe('DOCKER_HOSTS', () => {
  it('named and unnamed entries: each gets a name that does not depend on its place', () => {
    const DOCKER_HOSTS = 'unix:///var/run/docker.sock, east=tcp://10.0.0.2, tcp://docker.west:2376';
    expect(parseConfig({ DOCKER_HOSTS }).dockerHosts).toEqual([
      { name: 'local', options: { socketPath: '/var/run/docker.sock' } },
      { name: 'east', options: { host: '10.0.0.2', port: 2375 } },
      { name: 'docker.west-2376', options: { host: 'docker.west', port: 2376 } },
    ]);
  });

  it.each([
    'docker.sock',
    'unix://relative.sock',
    'ssh://host',
    'tcp://host:0',
    'tcp://host:70000',
    'a b=tcp://host',
    'one=tcp://a,one=tcp://b',
    'tcp://a,',
  ])('%j: refused', (DOCKER_HOSTS) =>
    expect(variablesOf({ DOCKER_HOSTS })).toEqual(['DOCKER_HOSTS']),
  );
});
