// The OpenAPI document, made from the schemas the routes validate with, and a page that shows it. No client has to be
// signed in to read it, so it is written out once, and sent as it is from then on.

import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import fp from 'fastify-plugin';
import { Type } from 'typebox';
import { type Asset, createAsset, sendAsset } from '../pages/asset.ts';
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

// Problems are sent already serialized, so this describes and does not filter.
const ProblemSchema = Type.Object(
  {
    success: Type.Literal(false),
    message: Type.String({ description: 'The `detail`, for clients of the platform.' }),
    type: Type.String({ description: 'A stable name, `urn:reclaim:problem:…`.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What happened in this case.' }),
    instance: Type.String({ description: 'The path that was requested.' }),
    requestId: Type.String({ description: 'Names the request in the log.' }),
  },
  { additionalProperties: true },
);

function problemResponse(description: string) {
  return { description, content: { 'application/problem+json': { schema: ProblemSchema } } };
}

/** The errors any route may answer with. */
const PROBLEM_RESPONSES = {
  '4xx': problemResponse('The request is refused; `type` names the reason.'),
  '5xx': problemResponse('It could not be done now, for a reason on our side.'),
};
