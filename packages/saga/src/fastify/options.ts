// What the routes of sagas are given by the product, and what they share.

import type { FastifySchema } from 'fastify';
import type { TSchema } from 'typebox';
import type { SagaRecord } from '../log/record.ts';
import type { SagaTrait } from '../log/saga-log.ts';
import type { Verb } from '../operate/operators.ts';
import type { Plan } from '../operate/plan.ts';
import type { Sagas } from '../sagas.ts';
import type { Access, Authorize, Caller } from './access.ts';
import type { EndWaits } from './end-waits.ts';
import type { StreamOptions } from './job-streams.ts';
import type { KnownSagas } from './job-view.ts';
import type { ErrorHandler } from './to-problem.ts';
import type { Views } from './views.ts';

/** The part of the engine that the routes use. */
export type RoutedSagas = Pick<
  Sagas,
  'find' | 'findRevisions' | 'list' | 'requestCancel' | 'waitForEnd' | 'order' | 'plan' | 'atRisk'
>;

export type RouteName = 'list' | 'get' | 'cancel' | 'watch' | 'plan' | Verb;

export interface SagaRoutesOptions<C extends Caller = Caller> {
  readonly sagas: RoutedSagas;
  readonly authorize: Authorize<C>;
  /** `callers`: without the verbs of operators. `operators`: for them alone, without cancel and events. Default: all in
   * one place. */
  readonly for?: 'callers' | 'operators';
  /** What a caller is shown of a saga in lists and events. Default: `jobView`, and to operators `sagaSummary` beside it. */
  readonly view?: View<C>;
  /** At the saga's own address, and after an order. Default: `view`; where that is left out too, operators are shown
   * `sagaDetail` besides. */
  readonly detail?: View<C>;
  /** Default: `planView`. */
  readonly plan?: (plan: Plan) => unknown;
  /** Of what the three give. One that is left out beside a view of the product's own means: everything is sent. */
  readonly schemas?: Partial<Readonly<Record<'view' | 'detail' | 'plan', TSchema>>>;
  /** The name of the list in its answer. Default: `jobs`. */
  readonly listName?: string;
  /** What the text of a search may be beside the id of a saga, a subject, and with `registry` the fields of inputs that
   * definitions name in `searchBy`. */
  readonly search?: (text: string) => Promise<readonly SagaTrait[]>;
  /** The engine's: knows the kinds of steps, which are null without it, and what sagas are searched by. */
  readonly registry?: KnownSagas;
  /** Shared with the product's own requests that wait; ended when the server closes. */
  readonly waits?: EndWaits;
  readonly streams?: StreamOptions<C>;
  /** Completes the OpenAPI description of a route: tags, security, names. */
  readonly document?: (route: RouteName, schema: RouteSchema) => RouteSchema;
  /** Default: RFC 9457 documents. Where the app has an error shape of its own: `app.errorHandler`. */
  readonly errorHandler?: ErrorHandler;
  readonly nowMs?: () => number;
}

/** With its OpenAPI description. */
export type RouteSchema = FastifySchema & {
  readonly summary?: string;
  readonly description?: string;
};

export type View<C extends Caller> = (saga: SagaRecord, caller: C) => unknown;

/** What the routes share. */
export interface RouteContext<C extends Caller> extends SagaRoutesOptions<C> {
  readonly access: Access<C>;
  readonly views: Views<C>;
  readonly waits: EndWaits;
  readonly statusUrl: (id: string) => string;
  readonly schema: (route: RouteName, schema: RouteSchema) => RouteSchema;
  readonly nowMs: () => number;
}
