// Everything the API needs of the layers below, as ports. The API translates HTTP and decides nothing:
// what is not here, it cannot do. I7: `DeleteRequests.request` returns only when the saga is durable,
// and throws UnavailableError (or InDoubtError) when it could not make it so: the one 503 of a DELETE.

import type { KnownSagas, RoutedSagas, StreamLimits } from '@reclaim/saga/fastify';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ConfirmHost } from '../bots/hosts/confirm-host.ts';
import type { DeleteRequests } from '../deletion/delete-requests.ts';
import type { ResolveFindings } from '../deletion/resolve-findings.ts';
import type { FirebaseUid } from '../domain/ids.ts';
import type { HealthService } from '../health/health-service.ts';
import type { IdentityVerifier } from '../infra/identities/identity-verifier.ts';
import type { EndedSessions } from '../infra/identities/mongo-ended-sessions.ts';
import type { RequestSpans } from '../infra/telemetry/request-spans.ts';
import type { AdminReads } from '../operations/admin-reads.ts';
import type { ProvisionRequests } from '../provisioning/provision-requests.ts';
import type { FirstReport } from '../sync/first-report.ts';
import type { Portfolio } from '../sync/portfolio.ts';
import type { StartSyncAll } from '../sync/sync-all-input.ts';
import type { SyncRequests } from '../sync/sync-requests.ts';
import type { AuditService } from '../wallet/audit/audit-service.ts';
import type { Account, AccountQuery } from '../wallet/mongodb/accounts.ts';
import type { SignIn } from './schemas/sessions.ts';
import type { TrustedProxies } from './trusted-proxies.ts';

export interface ApiDependencies {
  readonly log: Logger;
  readonly identities: IdentityVerifier;
  readonly accounts: Accounts;
  readonly endedSessions: EndedSessions;
  readonly deletions: DeleteRequests;
  readonly provisions: ProvisionRequests;
  readonly sagas: RoutedSagas;
  readonly portfolio: Portfolio;
  readonly botHealth: HealthService;
  readonly syncs: SyncRequests;
  readonly firstReport: Pick<FirstReport, 'isConfirmed'>;
  readonly syncAll: StartSyncAll;
  readonly resolveFindings: ResolveFindings;
  readonly confirmHost: ConfirmHost;
  readonly audits: Pick<AuditService, 'auditUser' | 'auditAll' | 'lastRun'>;
  readonly registry: KnownSagas;
  readonly adminReads: AdminReads;
  /** Each of its answers within a deadline: a probe waits for all of them. */
  readonly health: () => Promise<Health>;
  readonly metrics: Registry;
  /** Null: no traces are kept. */
  readonly requestSpans: RequestSpans | null;
  /** Of which of them the jobs of a kind of saga are. */
  readonly queueOf: (kind: string) => string;
  /** What Bull Board shows. Their connections must fail fast (`maxRetriesPerRequest: 1`, no offline
   * queue), or the board hangs while Redis is away. */
  readonly queues: readonly Queue[];
  /** Null everywhere but in the embedded demo. */
  readonly demo: DemoSessions | null;
  /** Null where the pages cannot sign in with Firebase: no web key is configured. */
  readonly firebaseWeb: FirebaseWeb | null;
  /** Shares the rate limit among processes; null counts in this one. The connection must fail fast: while
   * it does, requests pass. */
  readonly rateLimitRedis: Redis | null;
  /** Of every Redis key of this installation. */
  readonly keyPrefix: string;
  readonly now: () => Date;
  readonly settings: ApiSettings;
}

export interface ApiSettings {
  /** DEFAULT_WAIT_SECONDS: how long a DELETE without `Prefer` waits for the end; 0 answers at once. */
  readonly defaultWaitSeconds: number;
  /** The bots are simulated, without containers: stated wherever bots are shown. */
  readonly simulatesBots: boolean;
  /** PROVISION: whether new bots are started here. */
  readonly provisionsBots: boolean;
  /** SYNC_ON_OPEN: whether pages search for orphans when they are opened, unless their user has chosen otherwise. */
  readonly syncOnOpen: boolean;
  /** RATE_LIMIT_PER_MINUTE, for each user. */
  readonly rateLimitPerMinute: number;
  /** ADDRESS_RATE_LIMIT_PER_MINUTE, for each address, of requests without good credentials. */
  readonly addressRateLimitPerMinute: number;
  /** How long the refusal of such a request waits; left out: half a second. */
  readonly refusalHoldMs?: number;
  /** METRICS_TOKEN: opens /metrics; null: it is closed. */
  readonly metricsToken: string | null;
  /** Signs the session cookie; at least 32 bytes, the same in all processes of one address. */
  readonly sessionSecret: string;
  /** PLATFORM_JWT_SECRET: the sessions of the platform's own users end with it. */
  readonly platformSecret?: string | undefined;
  /** TRUST_PROXY: whose X-Forwarded-* are trusted. */
  readonly trustProxy: TrustedProxies;
  /** ALLOWED_ORIGINS: pages of these may call the API, with a token. */
  readonly allowedOrigins: readonly string[];
  /** Left out: limits that a server can bear. */
  readonly streamLimits?: Partial<StreamLimits>;
  /** Left out: limits that every honest client keeps. */
  readonly requestLimits?: Partial<RequestLimits>;
  /** Shown in the OpenAPI document. */
  readonly version: string;
}

export interface RequestLimits {
  /** For the headers to arrive. */
  readonly headersMs: number;
  /** For headers and body. */
  readonly requestMs: number;
}

/** Of the wallets' accounts: who somebody is. */
export interface Accounts {
  /** Null: the platform has none of these. */
  find(who: AccountQuery): Promise<Pick<Account, 'userId' | 'firebaseUid'> | null>;
}

export interface Health {
  readonly mongodb: ComponentHealth;
  readonly redis: ComponentHealth;
  /** Down: a saga has been waiting for one too long. */
  readonly workers: ComponentHealth;
  /** By the host's name in DOCKER_HOSTS. */
  readonly docker: Readonly<Record<string, ComponentHealth>>;
  readonly poolState: ComponentHealth;
}

export type ComponentHealth = { readonly tookMs?: number } & (
  | { readonly status: 'ok' }
  | { readonly status: 'down'; readonly reason: string }
);

/** The configuration of the Firebase web SDK. */
export type FirebaseWeb = Omit<Extract<SignIn, { kind: 'firebase' }>, 'kind'>;

export interface DemoSessions {
  /** Whom a visitor may choose to be. */
  users(): Promise<readonly { readonly user: FirebaseUid; readonly isAdmin: boolean }[]>;
  /** A token for a demo user; null where there is no such user. */
  signIn(uid: FirebaseUid): Promise<{ readonly token: string; readonly expiresAt: Date } | null>;
}
