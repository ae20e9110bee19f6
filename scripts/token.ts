// Prints tokens of AUTH=local, one a line in the order of the users given, and nothing else on standard
// output, so that a shell can take them: `curl -H "Authorization: Bearer $(npm run -s token -- …)"`.

import { parseArgs } from 'node:util';
import { type FirebaseUid, parseFirebaseUid } from '../src/domain/ids.ts';
import { createLocalTokenIssuer } from '../src/infra/identities/local-tokens.ts';
import { loadSigningKey } from '../src/infra/identities/signing-key.ts';
import { messageOfThrown } from '../src/infra/log/log-error.ts';

const USAGE = `Usage: npm run -s token -- --user <firebaseUid> [--user <firebaseUid> …] [--admin]

  --user   whose token; repeat it for more tokens
  --admin  give every token printed the claim of an administrator`;

class UsageError extends Error {}

try {
  const { users, isAdmin } = parse(process.argv.slice(2));
  refuseUnlessLocal(process.env);
  const key = await loadSigningKey(process.env.DATA_DIR ?? '.data');
  const issuer = createLocalTokenIssuer({ key, now: () => new Date() });
  const issued = await Promise.all(
    users.map((firebaseUid) => issuer.issue({ firebaseUid, isAdmin })),
  );
  process.stdout.write(issued.map(({ token }) => `${token}\n`).join(''));
} catch (error) {
  const message = messageOfThrown(error);
  const isUsage = error instanceof UsageError;
  process.stderr.write(`token: ${message}\n${isUsage ? `\n${USAGE}\n` : ''}`);
  process.exitCode = isUsage ? 2 : 1;
}

function parse(args: string[]): { users: readonly FirebaseUid[]; isAdmin: boolean } {
  const { user: names, admin } = parsedArgs(args);
  if (names === undefined || names.length === 0) throw new UsageError('name at least one --user');
  const users = names.map((name) => {
    const uid = parseFirebaseUid(name);
    if (uid === undefined) throw new UsageError(`not a firebaseUid: ${JSON.stringify(name)}`);
    return uid;
  });
  return { users, isAdmin: admin === true };
}

function parsedArgs(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: { user: { type: 'string', multiple: true }, admin: { type: 'boolean' } },
      strict: true,
      allowPositionals: false,
    });
    return values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** The server takes these tokens only under AUTH=local: one that cannot work is not printed. */
function refuseUnlessLocal({ AUTH, NODE_ENV }: NodeJS.ProcessEnv): void {
  if (AUTH !== undefined && AUTH !== 'local') {
    throw new UsageError(`AUTH=${AUTH}: tokens come from there, not from here`);
  }
  if (NODE_ENV === 'production') throw new UsageError('local tokens are refused in production');
}
