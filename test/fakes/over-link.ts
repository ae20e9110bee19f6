// A store as a simulated process reaches it: each call goes over the process's link, where it may be slow, refused, sent
// twice or left without an answer.

import type { Link } from '../../packages/saga/src/testing/index.ts';
import { inertPorts } from './inert-ports.ts';

/** For tests that simulate no faults: what is sent arrives at once. */
export const DIRECT_LINK: Link = {
  ...inertPorts<Link>(),
  call: async (_, __, effect) => effect(),
};

type Method = (...args: readonly unknown[]) => unknown;

/** A fence among the arguments is asked right before what it lets pass is sent, and not where there is nothing to send. */
export function overLink<Port extends object>(port: Port, link: Link, service: string): Port {
  const sent = Object.entries(port).map(([name, method]: [string, Method]) => {
    const send = (args: readonly unknown[]) => link.call(service, name, () => method(...args));
    const call = async (...args: readonly unknown[]) => {
      const fence = args.at(-1);
      if (!isFence(fence)) return send(args);
      if (args.some(isEmpty)) return undefined;
      await fence();
      return send(args.with(-1, PASSED));
    };
    return [name, call] as const;
  });
  return Object.fromEntries(sent) as Port;
}

const PASSED = async () => undefined;

function isFence(value: unknown): value is () => Promise<void> {
  return typeof value === 'function';
}

function isEmpty(value: unknown): boolean {
  return (Array.isArray(value) && value.length === 0) || (value instanceof Map && value.size === 0);
}
