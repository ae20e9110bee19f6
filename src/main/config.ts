// Every environment variable, in one schema: what a variable means, what it may be and what
// it is when unset. All problems are found before any is reported, because a start that fails five
// times for five typos is four starts too many. Values that may hold credentials are never repeated.

import { join } from 'node:path';
import {
  capabilities,
  dockerHosts,
  type Field,
  isLoopback,
  isUnset,
  MAX_PORT,
  matching,
  oneOf,
  optional,
  optionalHttpUrl,
  optionalOneOf,
  optionalPort,
  optionalSafeUrl,
  origins,
  proxies,
  whole,
} from './config-fields.ts';
import { withSecretFiles } from './secret-files.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A `server` serves the API and may embed its databases; a `worker` does neither. */
export type Role = 'server' | 'worker';

export interface ConfigProblem {
  readonly variable: string;
  /** What was there; `unset` and secrets are only described. */
  readonly found: string;
  readonly expected: string;
}

/** Carries every problem; its message lists them one a line. */
export class ConfigError extends Error {
  readonly code = 'BAD_CONFIG';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(
      ({ variable, found, expected }) => `  ${variable}: found ${found}, expected ${expected}`,
    );
    super(`the environment has ${problems.length} bad value(s):\n${lines.join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOST = /^[\w.:-]+$/;
const HOST_EXPECTED = 'a host name or address';
/** Long enough that it cannot be guessed; its holder can sign in as any user, administrators included. */
const SESSION_SECRET = /^\S{32,1024}$/;
const SESSION_SECRET_EXPECTED = 'at least 32 characters without blanks (openssl rand -base64 48)';
const PLATFORM_JWT_EXPECTED = "the platform's JWT_SECRET, of at least 16 characters";
const PLATFORM_TOKEN_EXPECTED = 'a token of the platform, of at least 16 characters, no blanks';
const METRICS_TOKEN_EXPECTED =
  'at least 16 letters, digits and . _ ~ + / = - (openssl rand -base64 24)';
const POOL_STATE_FILE = '.container-pool-state.json';

/** The schema; `read` is what becomes of each field. */
function readAll(read: <T>(field: Field<T>) => T) {
  return {
    /** 0 takes any free port. */
    port: read(whole('PORT', { min: 0, max: MAX_PORT, fallback: 3_000 })),
    host: read(matching('HOST', HOST, HOST_EXPECTED, '127.0.0.1')),
    /** Unset: MongoDB is embedded. */
    mongodbUri: read(
      optional('MONGODB_URI', /^mongodb(\+srv)?:\/\/\S+$/, 'mongodb://… or mongodb+srv://…', true),
    ),
    /** Unset: Valkey is embedded. */
    redisUrl: read(optional('REDIS_URL', /^rediss?:\/\/\S+$/, 'redis://… or rediss://…', true)),
    dataDir: read(matching('DATA_DIR', /\S/, 'a folder', '.data')),
    botRuntime: read(oneOf('BOT_RUNTIME', ['auto', 'docker', 'simulator'], 'auto')),
    dockerHosts: read(dockerHosts('DOCKER_HOSTS')),
    /** Unset: hosts on tcp are reached without TLS. */
    dockerCertPath: read(optional('DOCKER_CERT_PATH', /\S/, 'a folder')),
    poolState: read(oneOf('POOL_STATE', ['file', 'mongodb'], 'file')),
    /** Unset: `.container-pool-state.json` in the data folder. */
    poolStateFile: read(optional('POOL_STATE_FILE', /\S/, 'a file')),
    /** Unset: no dedicated bots are provisioned. */
    botImage: read(optional('BOT_IMAGE', /^[\w.:/@-]+$/, 'the name of a Docker image')),
    /** Unset: new containers are on Docker's default network. */
    botNetwork: read(optional('BOT_NETWORK', /^[\w.-]+$/, 'the name of a Docker network')),
    /** Unset: off beside a platform, which gives out the same slots and ports; else on. */
    provision: read(optionalOneOf('PROVISION', ['on', 'off'])),
    /** Of a new container; 0: none. */
    botMemoryMb: read(whole('BOT_MEMORY_MB', { min: 0, max: 1_000_000, fallback: 1_024 })),
    /** What a new container keeps of Docker's capabilities; null: all that Docker gives. */
    botCapabilities: read(capabilities('BOT_CAPABILITIES')),
    /** Whose word the value paid for a DELETE is. */
    botValue: read(oneOf('BOT_VALUE', ['bot', 'stored'], 'bot')),
    /** Of the APIs of bots whose own configuration has none. */
    botApiUsername: read(optional('BOT_API_USERNAME', /^[^:]+$/, 'a name without a colon')),
    botApiPassword: read(optional('BOT_API_PASSWORD', /\S/, 'a password', true)),
    rateLimitPerMinute: read(
      whole('RATE_LIMIT_PER_MINUTE', { min: 1, max: 1_000_000, fallback: 1_200 }),
    ),
    /** Of one address, without good credentials; a file of the pages counts a tenth. */
    addressRateLimitPerMinute: read(
      whole('ADDRESS_RATE_LIMIT_PER_MINUTE', { min: 1, max: 1_000_000, fallback: 300 }),
    ),
    onStopFailure: read(oneOf('ON_STOP_FAILURE', ['refund', 'restore', 'hold'], 'refund')),
    stopTimeoutMs: read(whole('STOP_TIMEOUT_MS', { min: 100, max: 3_600_000, fallback: 30_000 })),
    /** The longest stop time of a bot's owner that a deletion waits for. */
    maxStopSeconds: read(whole('STOP_GRACE_MAX_SECONDS', { min: 10, max: 3_600, fallback: 120 })),
    supervisorConfDir: read(
      matching(
        'SUPERVISOR_CONF_DIR',
        /^\/\S*$/,
        'an absolute path inside the pool container',
        '/pool/supervisor',
      ),
    ),
    /** 0: no passive runs at all, the one after a start included. */
    syncEveryMs: read(
      whole('SYNC_EVERY_MINUTES', { min: 0, max: 10_080, fallback: 60, unit: MINUTE_MS }),
    ),
    syncConfirmMs: read(
      whole('SYNC_CONFIRM_SECONDS', { min: 0, max: 300, fallback: 2, unit: SECOND_MS }),
    ),
    syncYoungMs: read(
      whole('SYNC_YOUNG_SECONDS', { min: 0, max: 3_600, fallback: 15, unit: SECOND_MS }),
    ),
    /** Unset: on, but off in the embedded demo, whose orphan waits for its button. */
    syncOnOpen: read(optionalOneOf('SYNC_ON_OPEN', ['on', 'off'])),
    syncMaxRefunds: read(whole('SYNC_MAX_REFUNDS', { min: 1, max: 1_000_000, fallback: 100 })),
    /** 0: pools and bots are not checked. */
    healthEveryMs: read(
      whole('HEALTH_EVERY_SECONDS', { min: 0, max: 3_600, fallback: 30, unit: SECOND_MS }),
    ),
    /** Unset: local in the embedded demo, else firebase. */
    auth: read(optionalOneOf('AUTH', ['firebase', 'local'])),
    firebaseProjectId: read(
      optional('FIREBASE_PROJECT_ID', /^[a-z0-9][a-z0-9-]*$/, 'a project id'),
    ),
    /** Unset: the pages cannot sign users in with Firebase. Public by its nature. */
    firebaseWebApiKey: read(optional('FIREBASE_WEB_API_KEY', /^[\w-]+$/, 'a web API key')),
    firebaseAuthEmulatorHost: read(
      optional('FIREBASE_AUTH_EMULATOR_HOST', /^[\w.-]+:\d+$/, 'host:port'),
    ),
    /** Signs the sessions of the pages; the same in all processes of one address. */
    sessionSecret: read(optional('SESSION_SECRET', SESSION_SECRET, SESSION_SECRET_EXPECTED, true)),
    /** The platform's JWT_SECRET: its users of e-mail and password sign in with its own tokens. Unset: they do not. */
    platformJwtSecret: read(
      optional('PLATFORM_JWT_SECRET', /^.{16,1024}$/, PLATFORM_JWT_EXPECTED, true),
    ),
    /** The platform's orchestrator, which is informed of deletions. Unset: it is not. */
    platformUrl: read(optionalSafeUrl('PLATFORM_URL')),
    /** An administrator's token of the platform. */
    platformToken: read(
      optional('PLATFORM_TOKEN', /^[\x21-\x7e]{16,8192}$/, PLATFORM_TOKEN_EXPECTED, true),
    ),
    firebaseCheckRevoked: read(oneOf('FIREBASE_CHECK_REVOKED', ['none', 'admins', 'all'], 'none')),
    /** How long a client without `Prefer` waits; 0 answers at once. */
    defaultWaitMs: read(
      whole('DEFAULT_WAIT_SECONDS', { min: 0, max: 60, fallback: 0, unit: SECOND_MS }),
    ),
    /** off: a start without the right to change the validator of `users`, which then refuses nothing. */
    usersValidator: read(oneOf('USERS_VALIDATOR', ['on', 'off'], 'on')),
    sagaRetentionDays: read(whole('SAGA_RETENTION_DAYS', { min: 1, max: 36_500, fallback: 90 })),
    /** 0: a user's embedded transactions are never trimmed. */
    walletTransactionsKept: read(
      whole('WALLET_TRANSACTIONS_KEPT', { min: 0, max: 50_000, fallback: 0 }),
    ),
    /** Whose pages may call the API from another origin: the platform's. */
    allowedOrigins: read(origins('ALLOWED_ORIGINS')),
    /** Whose X-Forwarded-* are trusted: only proxies that every request passes. */
    trustProxy: read(proxies('TRUST_PROXY')),
    logLevel: read(
      oneOf('LOG_LEVEL', ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info'),
    ),
    /** Unset: no traces. May hold credentials. */
    otlpEndpoint: read(optionalHttpUrl('OTEL_EXPORTER_OTLP_ENDPOINT')),
    serviceName: read(matching('OTEL_SERVICE_NAME', /\S/, 'a name', 'reclaim')),
    workers: read(oneOf('WORKERS', ['inline', 'none'], 'inline')),
    workerConcurrency: read(whole('WORKER_CONCURRENCY', { min: 1, max: 1_000, fallback: 50 })),
    /** Opens /metrics, on the API and on a port of its own; unset: the first is closed, the second open. */
    metricsToken: read(
      optional('METRICS_TOKEN', /^[A-Za-z0-9._~+/=-]{16,1024}$/, METRICS_TOKEN_EXPECTED, true),
    ),
    /** Unset: nothing listens. 0 takes any free port. */
    metricsPort: read(optionalPort('METRICS_PORT')),
    metricsHost: read(matching('METRICS_HOST', HOST, HOST_EXPECTED, '127.0.0.1')),
    leaseMs: read(whole('LEASE_SECONDS', { min: 1, max: 300, fallback: 15, unit: SECOND_MS })),
  };
}

type Values = Readonly<ReturnType<typeof readAll>>;

export interface Config extends Omit<Values, 'auth' | 'poolStateFile' | 'syncOnOpen'> {
  readonly auth: 'firebase' | 'local';
  readonly poolStateFile: string;
  /** Whether a page that is opened searches for orphans, unless its user has chosen otherwise. */
  readonly syncOnOpen: boolean;
  /** Only this machine can reach `host`. */
  readonly isLoopback: boolean;
  /** No MongoDB was given: one is embedded and seeded, on this machine alone. */
  readonly isDemo: boolean;
  /** NODE_ENV is `production`. */
  readonly isProduction: boolean;
}

/** @throws ConfigError with every problem at once. */
export function parseConfig(given: Environment, role: Role = 'server'): Config {
  const problems: ConfigProblem[] = [];
  const env = withSecretFiles(given, problems);
  const values = parseValues(env, problems);
  const isDemo = isUnset(env.MONGODB_URI);
  const config: Config = {
    ...values,
    auth: values.auth ?? (isDemo ? 'local' : 'firebase'),
    syncOnOpen: (values.syncOnOpen ?? (isDemo ? 'off' : 'on')) === 'on',
    poolStateFile: values.poolStateFile ?? defaultPoolStateFile(values.dataDir),
    isLoopback: isLoopback(values.host),
    isDemo,
    isProduction: env.NODE_ENV === 'production',
  };
  problems.push(...platformProblems(env, isDemo));
  problems.push(...(role === 'server' ? serverProblems(config, env) : workerProblems(env)));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Whether new bots are started here. */
export function provisionsBots(
  { provision, isDemo }: Pick<Config, 'provision' | 'isDemo'>,
  isBesidePlatform: boolean,
): boolean {
  // The demo brings its own platform, which starts none.
  return (provision ?? (isBesidePlatform && !isDemo ? 'off' : 'on')) === 'on';
}

/** Where the pool state file is when POOL_STATE_FILE is unset. */
export function defaultPoolStateFile(dataDir: string): string {
  return join(dataDir, POOL_STATE_FILE);
}

function parseValues(env: Environment, problems: ConfigProblem[]): Values {
  const read = <T>(field: Field<T>): T => {
    const text = env[field.variable];
    // Tools that pass variables on write the unset ones as empty.
    if (isUnset(text)) return field.fallback;
    const value = field.parse(text);
    if (value !== undefined) return value;
    const found = field.isSecret ? 'a value that is not shown here' : JSON.stringify(text);
    problems.push({ variable: field.variable, found, expected: field.expected });
    return field.fallback;
  };
  return readAll(read);
}

// Of one process that has them and one that has not, the second would inform no platform: each process needs both or
// neither.
function platformProblems(env: Environment, isDemo: boolean): ConfigProblem[] {
  const [isNamed, hasToken] = [!isUnset(env.PLATFORM_URL), !isUnset(env.PLATFORM_TOKEN)];
  if (isNamed !== hasToken) {
    const variable = isNamed ? 'PLATFORM_TOKEN' : 'PLATFORM_URL';
    return [{ variable, found: 'unset', expected: 'a value, because the other of the two is set' }];
  }
  if (!isNamed || !isDemo) return [];
  const expected = 'unset in the demo, whose bots are no bots of a platform';
  return [{ variable: 'PLATFORM_URL', found: 'a value', expected }];
}

function serverProblems(config: Config, env: Environment): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { auth } = config;
  const found = isUnset(env.AUTH) ? `unset, which means "${auth}" here` : JSON.stringify(env.AUTH);
  if (auth === 'local' && config.isProduction) {
    const expected = '"firebase" when NODE_ENV is production (tokens of "local" are for a demo)';
    problems.push({ variable: 'AUTH', found, expected });
  }
  if (auth === 'local' && !config.isLoopback) {
    const expected = `"firebase", or HOST on loopback (it is ${JSON.stringify(config.host)})`;
    problems.push({ variable: 'AUTH', found, expected });
  }
  if (auth === 'local' && config.platformJwtSecret !== undefined) {
    const expected = 'unset where AUTH is "local", whose tokens have the same algorithm';
    problems.push({ variable: 'PLATFORM_JWT_SECRET', found: 'a value', expected });
  }
  if (auth === 'firebase' && isUnset(env.FIREBASE_PROJECT_ID)) {
    const expected = 'the project whose users sign in (AUTH is "firebase")';
    problems.push({ variable: 'FIREBASE_PROJECT_ID', found: 'unset', expected });
  }
  if (config.isProduction && !isUnset(env.FIREBASE_AUTH_EMULATOR_HOST)) {
    const expected = 'unset when NODE_ENV is production (the emulator signs nothing)';
    problems.push({ variable: 'FIREBASE_AUTH_EMULATOR_HOST', found: 'a value', expected });
  }
  if (config.isProduction && isUnset(env.SESSION_SECRET)) {
    const expected = `${SESSION_SECRET_EXPECTED}, here or in the file that SESSION_SECRET_FILE names`;
    problems.push({ variable: 'SESSION_SECRET', found: 'unset', expected });
  }
  return problems;
}

function workerProblems(env: Environment): ConfigProblem[] {
  return ['MONGODB_URI', 'REDIS_URL']
    .filter((variable) => isUnset(env[variable]))
    .map((variable) => ({ variable, found: 'unset', expected: 'the address its API uses' }));
}
