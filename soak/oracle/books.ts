// The system's own audit, asked over HTTP (I11), and its findings: in a world whose platform accounts for everything
// it writes, there is nothing to find.

import { untilTrue } from '../insist.ts';
import type { Client } from '../load/client.ts';
import { createTally } from '../tally.ts';
import type { Verdict } from '../verdict.ts';
import type { Evidence } from './evidence.ts';

const AUDIT_WITHIN_MS = 60_000;

export async function judgeAudit(
  client: Client,
  verdict: Verdict,
  signal: AbortSignal,
): Promise<void> {
  // biome-ignore lint/suspicious/noExplicitAny: what the wire brings.
  let report: any = null;
  const isDone = await untilTrue(
    async () => {
      const reply = await client.asAdmin({ method: 'GET', path: '/admin/audit?fresh=true' });
      report = reply?.status === 200 ? reply.body.run?.report : null;
      return report?.isComplete === true;
    },
    AUDIT_WITHIN_MS,
    signal,
  );
  if (!isDone) return verdict.violated('I11', 'no audit over everybody was completed');
  for (const wrong of ['differences', 'pending', 'notMoney', 'failed']) {
    verdict.expectSame('I11', `${wrong} of the audit`, 0, report[wrong]);
  }
}

/** @returns the findings by kind. */
export function judgeFindings(
  { findings }: Evidence,
  verdict: Verdict,
): Readonly<Record<string, number>> {
  const kinds = createTally();
  for (const { kind, userId, instanceId, evidence } of findings) {
    kinds.add(String(kind));
    // The town stood there before the first start: its report waits for an administrator, and nothing is wrong.
    if (kind === 'unconfirmed-start') continue;
    const facts = JSON.stringify({ userId, instanceId, evidence });
    verdict.violated(kind === 'unrecorded-change' ? 'I11' : 'I2', `finding ${kind}: ${facts}`);
  }
  return kinds.all();
}
