// What every IdentityVerifier promises: who a good token names, and a reason for every bad one.

import { describe, expect, test } from 'vitest';
import type { IdentityVerifier } from '../../src/infra/identities/identity-verifier.ts';

export interface IdentityVerifierFixture {
  readonly verifier: IdentityVerifier;
  /** A token of this provider, right in everything but what the changes spoil. */
  mint(changes?: TokenChanges): Promise<string>;
}

interface TokenChanges {
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Relative to now. */
  readonly expiresInSeconds?: number;
  readonly audience?: string;
  readonly issuer?: string;
  readonly signedBy?: 'nobody' | 'another-key';
}

export function describeIdentityVerifier(
  name: string,
  create: () => Promise<IdentityVerifierFixture>,
): void {
  describe(`identity verifier: ${name}`, () => {
    test('a good token: its user, no administrator, and when it ends', async () => {
      const { verifier, mint } = await create();
      const verification = await verifier.verify(await mint({ claims: { sub: 'alice' } }));
      expect(verification).toMatchObject({ status: 'ok', firebaseUid: 'alice', isAdmin: false });
      if (verification.status !== 'ok') return;
      const seconds = (verification.expiresAt.getTime() - Date.now()) / 1000;
      expect(seconds).toBeGreaterThan(3590);
      expect(seconds).toBeLessThanOrEqual(3600);
    });

    test('the claim admin: an administrator only when it is true', async () => {
      const { verifier, mint } = await create();
      const isAdmin = async (admin: unknown) =>
        verifier.verify(await mint({ claims: { sub: 'alice', admin } }));
      expect(await isAdmin(true)).toMatchObject({ isAdmin: true });
      for (const admin of [false, 'true', 1, null, {}]) {
        expect(await isAdmin(admin)).toMatchObject({ status: 'ok', isAdmin: false });
      }
    });

    test('past its end: expired', async () => {
      const { verifier, mint } = await create();
      const token = await mint({ expiresInSeconds: -5 });
      expect(await verifier.verify(token)).toEqual({ status: 'rejected', code: 'expired' });
    });

    test.each<[string, TokenChanges]>([
      ['for another audience', { audience: 'somebody-else' }],
      ['from another issuer', { issuer: 'https://issuer.example' }],
      ['signed by another key', { signedBy: 'another-key' }],
      ['not signed at all', { signedBy: 'nobody' }],
      ['without a subject', { claims: { sub: '' } }],
      ['whose subject cannot be a user', { claims: { sub: 'a/b' } }],
      ['past its end and signed by another key', { signedBy: 'another-key', expiresInSeconds: -5 }],
    ])('%s: invalid', async (_what, changes) => {
      const { verifier, mint } = await create();
      const verification = await verifier.verify(await mint(changes));
      expect(verification).toEqual({ status: 'rejected', code: 'invalid' });
    });

    test('claims changed after signing: invalid', async () => {
      const { verifier, mint } = await create();
      const [header, , signature] = (await mint()).split('.');
      const [, payload] = (await mint({ claims: { sub: 'mallory', admin: true } })).split('.');
      const verification = await verifier.verify(`${header}.${payload}.${signature}`);
      expect(verification).toEqual({ status: 'rejected', code: 'invalid' });
    });

    test.each(['', 'garbage', 'a.b.c', '....', 'eyJhbGciOiJub25lIn0.e30.'])(
      'the text %j: invalid',
      async (text) => {
        const { verifier } = await create();
        expect(await verifier.verify(text)).toEqual({ status: 'rejected', code: 'invalid' });
      },
    );
  });
}
