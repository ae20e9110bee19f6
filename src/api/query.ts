// How much of an address is read. No route knows ten parameters; thousands of them cost a flood nothing and the parser, the
// schemas and the log a lot.

import { parse } from 'node:querystring';
import { ProblemError } from './problem.ts';

const MAX_PARAMETERS = 32;
const MAX_URL_LENGTH = 4_096;

/** What is too much is left unread: `requireShortAddress` refuses the request. */
export function parseQuery(text: string): Record<string, unknown> {
  const values: Record<string, unknown> = Object.create(null);
  return Object.assign(values, parse(text, '&', '=', { maxKeys: MAX_PARAMETERS }));
}

/** @throws ProblemError `uri-too-long`, `invalid-request` */
export function requireShortAddress(url: string): void {
  if (url.length > MAX_URL_LENGTH) {
    throw new ProblemError('uri-too-long', `An address has at most ${MAX_URL_LENGTH} characters.`);
  }
  let parameters = 1;
  for (let at = url.indexOf('&'); at >= 0; at = url.indexOf('&', at + 1)) parameters += 1;
  if (parameters > MAX_PARAMETERS) {
    throw new ProblemError(
      'invalid-request',
      `An address has at most ${MAX_PARAMETERS} parameters.`,
    );
  }
}
