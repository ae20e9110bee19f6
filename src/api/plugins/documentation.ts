// The OpenAPI document, made from the schemas the routes validate with, and a page that shows it.

import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fp from 'fastify-plugin';
import { INLINE_STYLE_POLICY } from './security-headers.ts';

export function createDocumentation(version: string) {
  return fp(
    async (app) => {
      await app.register(swagger, {
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
      await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: INLINE_STYLE_POLICY });
    },
    { name: 'documentation', dependencies: ['security-headers'] },
  );
}

/** For the schema of every route behind authentication. */
export const BEARER: readonly { [scheme: string]: readonly string[] }[] = [{ bearer: [] }];
