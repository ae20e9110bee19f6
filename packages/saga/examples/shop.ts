// The services of a web shop, which know nothing of sagas. Everything lies in one folder, so that it outlives the process as
// real services do. They offer what makes a step safe: a condition on what was read before (`version`, as If-Match in HTTP),
// an idempotency key on what must happen once, and a way to forbid a payment that may still be on its way.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TerminalError } from '@reclaim/saga';

export type Shop = ReturnType<typeof openShop>;

export interface Subscription {
  readonly isActive: boolean;
  /** Raised by each change. */
  readonly version: number;
}

interface Contents {
  subscription: Subscription;
  creditCents: number;
  /** By idempotency key. */
  readonly payOuts: Record<string, { readonly paidCents: number } | 'forbidden'>;
  readonly mails: Record<string, string>;
}

/** A folder that is not there becomes a shop with one user, who has a subscription, 12.50 of credit and an avatar. */
export function openShop(folder: string) {
  const file = join(folder, 'shop.json');
  const avatar = join(folder, 'avatar.png');

  const read = (): Contents => JSON.parse(readFileSync(file, 'utf8'));

  function write(contents: Contents): void {
    writeFileSync(`${file}.new`, JSON.stringify(contents));
    renameSync(`${file}.new`, file);
  }

  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(avatar, 'a picture');
    const subscription = { isActive: true, version: 1 };
    write({ subscription, creditCents: 1_250, payOuts: {}, mails: {} });
  }

  function setSubscription(isActive: boolean): void {
    const contents = read();
    const version = contents.subscription.version + 1;
    write({ ...contents, subscription: { isActive, version } });
  }

  const payOutOf = (key: string) => {
    const payOut = read().payOuts[key];
    return payOut === undefined || payOut === 'forbidden'
      ? ({ outcome: 'absent' } as const)
      : ({ outcome: 'landed', value: payOut } as const);
  };

  return {
    state: () => ({ ...read(), hasAvatar: existsSync(avatar) }),
    billing: {
      subscriptionOf: async (_userId: string): Promise<Subscription> => read().subscription,
      /** Only as it was read. */
      cancel: async ({ version }: Subscription) => {
        const now = read().subscription;
        if (!now.isActive && now.version === version + 1) return;
        if (now.version !== version) throw new TerminalError('CHANGED', 'changed by its owner');
        setSubscription(false);
      },
      /** Changes the version in any case, so that a cancel that is still on its way is refused. */
      resume: async ({ isActive }: Subscription) => setSubscription(isActive),
    },
    credit: {
      payOut: async (_userId: string, key: string) => {
        const { payOuts, creditCents, ...rest } = read();
        const before = payOuts[key];
        if (before === 'forbidden') throw new TerminalError('FORBIDDEN', 'it was forbidden');
        const payOut = before ?? { paidCents: creditCents };
        write({ ...rest, creditCents: 0, payOuts: { ...payOuts, [key]: payOut } });
        // For trying out a kill at the worst moment: paid, and the answer never comes.
        if (process.env.SHOP_HANGS === 'after-pay-out') await new Promise(() => undefined);
        return payOut;
      },
      findPayOut: async (key: string) => payOutOf(key),
      forbidPayOut: async (key: string) => {
        const contents = read();
        const payOuts = { [key]: 'forbidden' as const, ...contents.payOuts };
        write({ ...contents, payOuts });
        return payOutOf(key);
      },
    },
    avatars: {
      remove: async (_userId: string) => rmSync(avatar, { force: true }),
    },
    mail: {
      send: async (_userId: string, text: string, key: string) => {
        const contents = read();
        write({ ...contents, mails: { ...contents.mails, [key]: text } });
      },
    },
  };
}
