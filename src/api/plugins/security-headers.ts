// What a browser may do with our pages: load from this origin, run no inline script, be framed by
// no site. Plugins that bring a page of their own loosen only its style rules, for their own paths; where Firebase
// signs people in, its hosts may be talked to, and nothing is loaded from them.

import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import type { FirebaseWeb } from '../dependencies.ts';

export function createSecurityHeaders(firebaseWeb: FirebaseWeb | null) {
  return fp((app) => register(app, firebaseWeb), { name: 'security-headers' });
}

const FIREBASE_HOSTS = [
  'https://identitytoolkit.googleapis.com',
  'https://securetoken.googleapis.com',
];

async function register(app: FastifyInstance, firebaseWeb: FirebaseWeb | null): Promise<void> {
  const { emulator = null } = firebaseWeb ?? {};
  const firebaseHosts = emulator === null ? FIREBASE_HOSTS : [...FIREBASE_HOSTS, emulator];
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'base-uri': ["'self'"],
        'connect-src': ["'self'", ...(firebaseWeb === null ? [] : firebaseHosts)],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
        'img-src': ["'self'", 'data:'],
        'object-src': ["'none'"],
        'script-src': ["'self'"],
        'script-src-attr': ["'none'"],
        'style-src': ["'self'"],
      },
    },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
  });
}

/** The policy for third-party pages that carry style elements of their own. */
export const INLINE_STYLE_POLICY = [
  "default-src 'self'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "object-src 'none'",
  "script-src 'self'",
  "script-src-attr 'none'",
  "style-src 'self' 'unsafe-inline'",
].join('; ');
