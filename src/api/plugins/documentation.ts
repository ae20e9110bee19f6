// The OpenAPI document, made from the schemas the routes validate with, and a page that shows it. No client has to be
// signed in to read it, so it is written out once, and sent as it is from then on.

import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import fp from 'fastify-plugin';
import { type Asset, createAsset } from '../pages/asset.ts';
import { sendAsset } from '../pages/send-asset.ts';
import { PROBLEM_RESPONSES } from '../schemas/problem.ts';
import { INLINE_STYLE_POLICY } from './security-headers.ts';

export function createDocumentation(version: string) {
  return fp(
    async (app) => {
      await app.register(swagger, {
        transform: ({ schema, url }) => ({ schema: withProblems(schema), url }),
        openapi: {
          openapi: '3.1.0',
          info: {
            title: 'Reclaim',
            description: 'Deletes trading bots and gives their money back, exactly once.',
            version,
          },
          components: {
            securitySchemes: {
              bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
            },
          },
        },
      });
      const documents = writtenOnce(app);
      const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
        const document = documents.get(request.routeOptions.url ?? '')?.();
        if (document !== undefined) await sendAsset(document, request, reply);
      };
      const uiHooks = { onRequest };
      await app.register(swaggerUi, {
        ...{ routePrefix: '/docs', staticCSP: INLINE_STYLE_POLICY, uiHooks },
      });
    },
    { name: 'documentation', dependencies: ['security-headers'] },
  );
}

// Into the document alone: from a route's own schema Fastify would compile two serializers more, and a problem is text
// when it is sent.
function withProblems(schema: FastifySchema): FastifySchema {
  if (schema?.operationId === undefined) return schema;
  return { ...schema, response: { ...Object(schema.response), ...PROBLEM_RESPONSES } };
}

/** The interface of the page would write them anew for every request. */
function writtenOnce(app: FastifyInstance): ReadonlyMap<string, () => Asset> {
  const once = (make: () => Asset) => {
    let made: Asset | undefined;
    return () => {
      made ??= make();
      return made;
    };
  };
  const json = () => createAsset('application/json; charset=utf-8', JSON.stringify(app.swagger()));
  const yaml = () => createAsset('application/x-yaml', app.swagger({ yaml: true }));
  return new Map([
    ['/docs/json', once(json)],
    ['/docs/yaml', once(yaml)],
  ]);
}
