// The last replies of a server that closes end their connections. Closing ends those that are idle at that moment and
// waits for the others: one kept alive by its client would hold up the stop for more than a minute after its answer.

import fp from 'fastify-plugin';

export const lastReplies = fp(
  async (app) => {
    let isLocked = false;
    app.addHook('preClose', async () => {
      isLocked = true;
    });
    app.addHook('onSend', async (_request, reply) => {
      if (isLocked) reply.header('connection', 'close');
    });
  },
  { name: 'last-replies' },
);
