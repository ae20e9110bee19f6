import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT, UnsecuredJWT } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { toFirebaseUid } from '../../src/domain/ids.ts';
import {
  createLocalTokenIssuer,
  createLocalVerifier,
} from '../../src/infra/identities/local-tokens.ts';
import { loadSigningKey } from '../../src/infra/identities/signing-key.ts';
import {
  describeIdentityVerifier,
  type IdentityVerifierFixture,
} from '../contracts/identity-verifier.ts';

describeIdentityVerifier('local tokens', async (): Promise<IdentityVerifierFixture> => {
  const key = randomBytes(32);
  return {
    verifier: createLocalVerifier({ key, now: () => new Date() }),
    mint: async (changes = {}) => {
      const { claims, expiresInSeconds = 3600, audience, issuer, signedBy } = changes;
      const now = Math.floor(Date.now() / 1000);
      const payload = {
        sub: 'alice',
        iss: issuer ?? 'urn:reclaim:local-auth',
        aud: audience ?? 'urn:reclaim:api',
        iat: now - 60,
        exp: now + expiresInSeconds,
        ...claims,
      };
      if (signedBy === 'nobody') return new UnsecuredJWT(payload).encode();
      const signer = signedBy === 'another-key' ? randomBytes(32) : key;
      return new SignJWT(payload).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(signer);
    },
  };
});

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'reclaim-auth-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('an issued token: accepted for twelve hours, then expired', async () => {
  const key = randomBytes(32);
  let now = new Date('2026-11-01T00:00:00Z');
  const clock = { key, now: () => now };
  const issuer = createLocalTokenIssuer(clock);
  const verifier = createLocalVerifier(clock);
  const subject = { firebaseUid: toFirebaseUid('alice'), isAdmin: true };
  const { token, expiresAt } = await issuer.issue(subject);
  expect(expiresAt.toISOString()).toBe('2026-11-01T12:00:00.000Z');
  now = new Date('2026-11-01T11:59:59Z');
  expect(await verifier.verify(token)).toEqual({ status: 'ok', ...subject, expiresAt });
  now = expiresAt;
  expect(await verifier.verify(token)).toEqual({ status: 'rejected', code: 'expired' });
});

test('many processes start on one folder: one key, complete, for its owner only', async () => {
  const folder = join(await createFolder(), 'not', 'there', 'yet');
  const keys = await Promise.all(Array.from({ length: 20 }, () => loadSigningKey(folder)));
  expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1);
  expect(keys[0]?.length).toBe(32);
  expect(await readdir(folder)).toEqual(['local-auth.key']);
  expect((await stat(join(folder, 'local-auth.key'))).mode & 0o777).toBe(0o600);
  expect(await loadSigningKey(folder)).toEqual(keys[0]);
});

test('a key that others can read, or that is cut short: refused, not replaced', async () => {
  const folder = await createFolder();
  const path = join(folder, 'local-auth.key');
  await writeFile(path, randomBytes(31), { mode: 0o600 });
  await expect(loadSigningKey(folder)).rejects.toThrow(/is not a key: it has 31 bytes/);
  await chmod(path, 0o644);
  await expect(loadSigningKey(folder)).rejects.toThrow(/can be read by others/);
});

test.each(['HS384', 'HS512'])('our own key, another algorithm, %s: invalid', async (alg) => {
  const key = randomBytes(64);
  const now = () => new Date();
  const token = await new SignJWT({ sub: 'alice' })
    .setProtectedHeader({ alg, typ: 'JWT' })
    .setIssuer('urn:reclaim:local-auth')
    .setAudience('urn:reclaim:api')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(key);
  const verification = await createLocalVerifier({ key, now }).verify(token);
  expect(verification).toEqual({ status: 'rejected', code: 'invalid' });
});
