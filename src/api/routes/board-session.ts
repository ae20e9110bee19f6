// Exchanges an administrator's token for the queue board's cookie: the board polls with cookies only.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type BoardSessions, QUEUE_BOARD_PATH } from '../board-sessions.ts';
import { BEARER } from '../plugins/documentation.ts';
import { PROBLEM_RESPONSES } from '../schemas/problem.ts';
import { BoardSessionSchema } from '../schemas/sessions.ts';
import { adminOf } from '../viewer.ts';

export function createBoardSessionRoutes(sessions: BoardSessions): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post('/admin/session', { schema: OPEN }, async (request, reply) => {
      const session = sessions.open(adminOf(request));
      reply.setCookie(session.cookie, session.value, {
        path: QUEUE_BOARD_PATH,
        expires: session.expiresAt,
        httpOnly: true,
        sameSite: 'strict',
        secure: request.protocol === 'https',
      });
      return { url: QUEUE_BOARD_PATH, expiresAt: session.expiresAt.toISOString() };
    });
  };
}

const OPEN = {
  operationId: 'openBoardSession',
  summary: 'Open the queue board for an administrator',
  tags: ['admin'],
  security: BEARER,
  response: { 200: BoardSessionSchema, ...PROBLEM_RESPONSES },
};
