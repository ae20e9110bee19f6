// The HTTP application: which plugin stands in front of which route, and nothing else. Building it
// opens no port and reads no environment; `server.ts` listens.

import { randomUUID } from 'node:crypto';
import cookie from '@fastify/cookie';
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import { createEndWaits, createHeldAnswers } from '@reclaim/saga/fastify';
import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createAdmission } from './admission.ts';
import type { ApiDependencies, RequestLimits } from './dependencies.ts';
import { API_PREFIX, statusUrl } from './job-view.ts';
import { AdmittedOnly, createAddressLimit, tooMany } from './plugins/address-limit.ts';
import { createAuthentication } from './plugins/authentication.ts';
import { createClients } from './plugins/client.ts';
import { createCrossOrigin } from './plugins/cross-origin.ts';
import { createDocumentation } from './plugins/documentation.ts';
import { createHttpMetrics } from './plugins/http-metrics.ts';
import { lastReplies } from './plugins/last-replies.ts';
import { pages } from './plugins/pages.ts';
import { problems, sendProblem, toProblem } from './plugins/problems.ts';
import { createQueueBoard } from './plugins/queue-board.ts';
import { createRequestTracing } from './plugins/request-tracing.ts';
import { createSecurityHeaders } from './plugins/security-headers.ts';
import { unknownRoutes } from './plugins/unknown-routes.ts';
import { createUserRateLimit } from './plugins/user-rate-limit.ts';
import { createRememberedEnds } from './remembered-ends.ts';
import {
  answerUnreadableRequest,
  parseQuery,
  requireShortAddress,
  tolerateEmptyBodies,
} from './request-reading.ts';
import { createAuditRoutes } from './routes/audit.ts';
import { createBotRoutes } from './routes/bots.ts';
import { createFindingRoutes } from './routes/findings.ts';
import { createHealthRoutes } from './routes/health.ts';
import { createHostRoutes } from './routes/hosts.ts';
import { createJobRoutes } from './routes/jobs.ts';
import { createMetricsRoute } from './routes/metrics.ts';
import { createOrphanRoutes } from './routes/orphans.ts';
import { createOverviewRoutes } from './routes/overview.ts';
import { createProvisionRoutes } from './routes/provision.ts';
import { createSessionRoutes } from './routes/session.ts';
import { createSignInRoutes } from './routes/sign-in.ts';
import { createSyncRoutes } from './routes/sync.ts';
import { createWalletRoutes } from './routes/wallet.ts';
import { createWorldRoutes } from './routes/world.ts';
import { buildSerializer } from './serializers.ts';
import { createSessions } from './sessions.ts';
import { createTrust } from './trusted-proxies.ts';
import { adminsFirst } from './viewer.ts';

/** Bytes of a request body; the largest we accept on purpose is a hundred or so. */
const BODY_LIMIT = 16 * 1024;

/** A client that trickles bytes holds a socket for no longer. */
const REQUEST_LIMITS: RequestLimits = { headersMs: 10_000, requestMs: 20_000 };

/** Longer than the longest answer that is held back, and than the pause between two beats of an event stream: a
 * client that reads nothing of its answer holds a socket for no longer. */
const SILENCE_MS = 90_000;

/** Of a request that is refused unread. */
const REFUSAL_HOLD_MS = 500;

/** Longer than any id, so that one that is too long is refused by its schema, with a reason. */
const MAX_PARAM_LENGTH = 1024;

export async function createApp(deps: ApiDependencies): Promise<FastifyInstance> {
  const { settings } = deps;
  const { headersMs, requestMs } = { ...REQUEST_LIMITS, ...settings.requestLimits };
  const trusts = createTrust(settings.trustProxy);
  const admission = createAdmission({
    trusts,
    addressPerMinute: settings.addressRateLimitPerMinute,
    userPerMinute: settings.rateLimitPerMinute,
  });
  const app: FastifyInstance = fastify({
    loggerInstance: requestLogger(deps.log),
    genReqId: () => randomUUID(),
    trustProxy: trusts,
    bodyLimit: BODY_LIMIT,
    requestTimeout: requestMs,
    connectionTimeout: SILENCE_MS,
    logController: new AdmittedOnly(admission),
    http: { headersTimeout: headersMs, connectionsCheckingInterval: Math.min(1_000, headersMs) },
    routerOptions: {
      ...{ maxParamLength: MAX_PARAM_LENGTH, ignoreTrailingSlash: true },
      querystringParser: parseQuery,
    },
    schemaController: { compilersFactory: { buildSerializer } },
    // No hook runs for an address that cannot be read.
    frameworkErrors: (error, request, reply) => {
      const waitMs = admission.judge(request);
      const problem = waitMs === null ? toProblem(error) : tooMany(waitMs);
      return sendProblem(request, reply, problem);
    },
    clientErrorHandler: answerUnreadableRequest,
  });
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  tolerateEmptyBodies(app);

  await app.register(createClients(trusts));
  await app.register(problems);
  await app.register(createCrossOrigin(settings.allowedOrigins));
  await app.register(
    createAddressLimit({ ...deps, admission, holdMs: settings.refusalHoldMs ?? REFUSAL_HOLD_MS }),
  );
  app.addHook('onRequest', async ({ url }) => requireShortAddress(url));
  await app.register(lastReplies);
  await app.register(unknownRoutes);
  await app.register(createSecurityHeaders(deps.firebaseWeb));
  await app.register(createHttpMetrics(deps.metrics));
  await app.register(createDocumentation(settings.version));
  await app.register(cookie);

  const sessions = createSessions({
    ...{ secret: settings.sessionSecret, platformSecret: settings.platformSecret, now: deps.now },
    ended: createRememberedEnds(deps.endedSessions, () => performance.now()),
  });
  await app.register(createHealthRoutes(deps));
  await app.register(createMetricsRoute(deps));
  await app.register(pages);
  await app.register(createQueueBoard({ ...deps, sessions, admission }));
  await app.register(createSignInRoutes(deps), { prefix: API_PREFIX });

  const waits = createEndWaits(deps.sagas);
  const { defaultWaitSeconds } = settings;
  const answers = createHeldAnswers({ waits, statusUrl, defaultWaitSeconds });
  await app.register(
    async (api) => {
      await api.register(createRequestTracing(deps.requestSpans));
      await api.register(createAuthentication({ ...deps, sessions, admission }));
      await api.register(
        createUserRateLimit({
          perMinute: settings.rateLimitPerMinute,
          redis: deps.rateLimitRedis,
          keyPrefix: deps.keyPrefix,
        }),
      );
      api.addHook('onRequest', adminsFirst);
      await api.register(createBotRoutes({ ...deps, answers }));
      await api.register(createProvisionRoutes({ ...deps, answers }));
      await api.register(createJobRoutes({ ...deps, waits }));
      await api.register(createWalletRoutes(deps));
      await api.register(createSyncRoutes({ ...deps, answers }));
      await api.register(createOrphanRoutes(deps));
      await api.register(createFindingRoutes(deps));
      await api.register(createHostRoutes(deps));
      await api.register(createAuditRoutes(deps));
      await api.register(createWorldRoutes(deps));
      await api.register(createOverviewRoutes(deps));
      await api.register(createSessionRoutes({ ...deps, sessions }));
    },
    { prefix: API_PREFIX },
  );
  return app;
}

/** What may be logged of a request is the log's own business, and not Fastify's. */
function requestLogger(log: Logger): FastifyBaseLogger {
  return log.child({ component: 'api' }) as FastifyBaseLogger;
}
