// A web shop deletes a user: whatever fails on the way, the subscription is cancelled, the credit is paid out once and
// the avatar is gone, or everything is as it was.

import { saga } from '@reclaim/saga';
import type { Shop } from './shop.ts';

export const createDeleteUser = ({ billing, credit, avatars, mail }: Shop) =>
  saga('delete-user', { key: ({ userId }: { userId: string }) => `user/${userId}` })
    .compensatable('cancel-subscription', {
      capture: ({ input }) => billing.subscriptionOf(input.userId),
      run: ({ capture }) => billing.cancel(capture),
      compensate: ({ capture }) => billing.resume(capture),
    })
    .pivot('refund-credit', {
      run: ({ input, idempotencyKey }) => credit.payOut(input.userId, idempotencyKey),
      observe: ({ idempotencyKey }) => credit.findPayOut(idempotencyKey),
      abort: ({ idempotencyKey }) => credit.forbidPayOut(idempotencyKey),
    })
    .retriable('delete-avatar', { run: ({ input }) => avatars.remove(input.userId) })
    .retriable('send-mail', {
      bestEffort: true,
      run: ({ input, results, idempotencyKey }) =>
        mail.send(
          input.userId,
          `We paid out ${results['refund-credit'].paidCents} cents.`,
          idempotencyKey,
        ),
    })
    .returns(({ results }) => ({ paidCents: results['refund-credit']?.paidCents ?? 0 }));
