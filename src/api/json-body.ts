// Bodies are JSON or nothing. A client that names JSON and sends an empty body, as many do on DELETE,
// has sent no body; routes that need one refuse that by their schema.

import type { FastifyInstance } from 'fastify';

export function tolerateEmptyJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string' },
    (request, body, done) => {
      if (body === '') done(null, undefined);
      else parse(request, body, done);
    },
  );
}
