// Addresses without a route (404) and methods without a route at an address that has others (405, with the
// methods that are). Fastify answers both with 404, so the routes are remembered as they are added.

import fp from 'fastify-plugin';
import { ProblemError } from '../problem.ts';
import { sendProblem } from './problems.ts';

export const unknownRoutes = fp(
  async (app) => {
    const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
    app.addHook('onRoute', ({ url, method }) => {
      routes.push({ pattern: toPattern(url), methods: [method].flat() });
    });
    app.setNotFoundHandler(async (request, reply) => {
      const path = (request.url.split('?', 1)[0] ?? '').replace(/(?<=.)\/$/, '');
      const methods = routes.filter((r) => r.pattern.test(path)).flatMap((r) => r.methods);
      const problem =
        // A route that serves files by a pattern found none of this name.
        methods.length === 0 || methods.includes(request.method)
          ? new ProblemError('not-found', 'No resource has this address.')
          : notAllowed(request.method, [...new Set(methods)]);
      return sendProblem(request, reply, problem);
    });
  },
  { name: 'unknown-routes', dependencies: ['problems'] },
);

function notAllowed(method: string, allowed: readonly string[]): ProblemError {
  const allow = allowed.join(', ');
  return new ProblemError('method-not-allowed', `${method} is not served here, but ${allow}.`, {
    headers: { allow },
  });
}

function toPattern(url: string): RegExp {
  const source = url
    .split('/')
    .map((segment) => {
      if (segment.startsWith(':')) return '[^/]+';
      return segment === '*' ? '.*' : segment.replaceAll(/[^A-Za-z0-9_-]/g, '\\$&');
    })
    .join('/');
  return new RegExp(`^${source}$`);
}
