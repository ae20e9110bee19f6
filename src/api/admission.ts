// Whether a request is admitted at all, judged before anything is known of its sender but the address. Credentials that
// were found good are counted for their user, who has a limit of his own; all else is counted for the address, and given back
// when it turns out good. So a flood of bad tokens blocks neither the users behind the same address nor the process. It
// needs no server: it holds, and is bounded, while Redis is away.

import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { FirebaseUid } from '../domain/ids.ts';
import { clientOf } from './plugins/client.ts';
import { sessionCookiesOf } from './session-cookie.ts';
import { createTokenBuckets } from './token-buckets.ts';
import type { TrustsHop } from './trusted-proxies.ts';

export interface AdmissionOptions {
  readonly trusts: TrustsHop | false;
  /** ADDRESS_RATE_LIMIT_PER_MINUTE: without good credentials, of one address. */
  readonly addressPerMinute: number;
  /** RATE_LIMIT_PER_MINUTE. */
  readonly userPerMinute: number;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A file of the pages, of which one page is made of forty. */
    readonly isPageFile?: boolean;
  }
}

/** Room for the files of the pages, and for the requests that the user's own limit refuses with a better answer. */
const USER_FACTOR = 2;
const PAGE_FILE_COST = 0.1;
const MAX_SENDERS = 20_000;
const MAX_CREDENTIALS = 20_000;
/** Longer, and no token or cookie of ours has it. */
const MAX_CREDENTIAL_LENGTH = 8_192;

export type Admission = ReturnType<typeof createAdmission>;

export function createAdmission(options: AdmissionOptions) {
  const { trusts, addressPerMinute, userPerMinute } = options;
  const buckets = createTokenBuckets(MAX_SENDERS);
  const known = new Map<string, FirebaseUid>();
  const verdicts = new WeakMap<FastifyRequest, number | null>();

  const senderOf = (request: FastifyRequest) =>
    `address ${addressKey(clientOf(request, trusts).address)}`;

  const count = (request: FastifyRequest): number | null => {
    const user = known.get(credentialOf(request) ?? '');
    const cost = costOf(request);
    return user === undefined
      ? buckets.take(senderOf(request), cost, addressPerMinute)
      : buckets.take(`user ${user}`, cost, userPerMinute * USER_FACTOR);
  };

  return {
    /** Null: admitted; else the ms to wait. May be called repeatedly; counts once. */
    judge: (request: FastifyRequest): number | null => {
      const before = verdicts.get(request);
      if (before !== undefined) return before;
      const verdict = count(request);
      verdicts.set(request, verdict);
      return verdict;
    },
    /** Its credentials are this user's. */
    know: (request: FastifyRequest, user: FirebaseUid): void => {
      const credential = credentialOf(request);
      if (credential === null || known.has(credential)) return;
      known.set(credential, user);
      for (const oldest of known.keys()) {
        if (known.size <= MAX_CREDENTIALS) break;
        known.delete(oldest);
      }
      buckets.giveBack(senderOf(request), costOf(request), addressPerMinute);
    },
    /** Its credentials are invalid, or not valid any more. */
    forget: (request: FastifyRequest): void => {
      const credential = credentialOf(request);
      if (credential !== null) known.delete(credential);
    },
  };
}

function costOf({ routeOptions }: FastifyRequest): number {
  return routeOptions.config?.isPageFile === true ? PAGE_FILE_COST : 1;
}

/** Never the credential itself: it is no business of this list. */
function credentialOf(request: FastifyRequest): string | null {
  // An address that cannot be read has no route, and its request nothing that a plugin added.
  if (!('client' in request)) return null;
  const text = request.headers.authorization ?? sessionCookiesOf(request).join();
  if (text === '' || text.length > MAX_CREDENTIAL_LENGTH) return null;
  return createHash('sha256').update(text).digest('base64url');
}

const GROUPS = 8;
const OF_THE_NETWORK = 4;

/** An address as something to count by: one customer has one IPv4 address, and a whole network of 2^64 in IPv6. */
export function addressKey(text: string): string {
  const [address = ''] = text.replace(/^::ffff:(?=\d+\.)/i, '').split('%', 1);
  if (isIP(address) !== 6) return address;
  const [head = '', tail = ''] = address.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: GROUPS - first.length - last.length }, () => '0');
  const groups = address.includes('::') ? [...first, ...zeros, ...last] : first;
  const network = groups
    .slice(0, OF_THE_NETWORK)
    .map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
