// A problem as a page: what a browser shows to a person who typed an address or followed a link. It states what the
// document states, in words, and where to continue; programs, which do not request HTML, get the document.

import type { Problem } from '@reclaim/saga/fastify';
import type { FastifyRequest } from 'fastify';

/** Whether HTML was requested by its name, and no less than JSON: a script that takes anything gets the document. */
export function wantsPage({ method, headers: { accept } }: FastifyRequest): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || accept === undefined) return false;
  const ranges = accept.slice(0, MAX_ACCEPT_CHARS).toLowerCase().split(',');
  const html = weightOf(ranges, 'text/html');
  return html > 0 && html >= weightOf(ranges, 'application/json');
}

/** Browsers send some 140. */
const MAX_ACCEPT_CHARS = 1_000;

function weightOf(ranges: readonly string[], type: string): number {
  const found = ranges
    .map((range) => range.split(';').map((part) => part.trim()))
    .find(([name]) => name === type);
  if (found === undefined) return 0;
  const q = found.find((part) => part.startsWith('q='));
  const weight = q === undefined ? 1 : Number(q.slice(2));
  return Number.isFinite(weight) ? weight : 0;
}

export function problemPage(
  { statusCode, message, kind, title }: Problem,
  requestId: string,
): string {
  const isAboutSignIn = kind === 'session-needed' || kind === 'unauthenticated';
  const heading = isAboutSignIn ? 'You are not signed in' : title;
  const words = isAboutSignIn ? SIGNED_OUT[kind] : message;
  const on = isAboutSignIn ? 'Sign in' : 'Portfolio';
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${escapeText(heading)} · Reclaim</title>
    <link rel="icon" href="/v/any/assets/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/v/any/assets/styles/theme.css">
    <link rel="stylesheet" href="/v/any/assets/styles/parts.css">
  </head>
  <body>
    <header class="bar"><a class="brand" href="/">Reclaim</a></header>
    <main>
      <section class="card sign-in">
        <h1>${escapeText(heading)}</h1>
        <p>${escapeText(words)}</p>
        <p><a href="/">${on}</a></p>
        <p class="soft tiny">${statusCode}, request ${escapeText(requestId)}</p>
      </section>
    </main>
  </body>
</html>
`;
}

const SIGNED_OUT = {
  'session-needed': 'This page is for administrators. Sign in as one, then open it again.',
  unauthenticated: 'What stands at this address is shown to its owner alone.',
} as const;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeText(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
