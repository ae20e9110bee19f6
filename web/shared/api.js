// The server's API: every answer is its value or a Problem with a sentence about what went wrong. A server that
// does not answer is a Problem like any other, so that no page mistakes silence for an empty answer (I4).

const PREFIX = '/api/freqtrade';
/** Longer than the server takes for its slowest answer, a dry run. */
const TIMEOUT_MS = 40_000;

export class Problem extends Error {
  /**
   * @param {number} status 0: the server did not answer
   * @param {string} kind the last part of the problem's type, e.g. `bot-not-found`
   * @param {string} message for people
   */
  constructor(status, kind, message) {
    super(message);
    this.status = status;
    this.kind = kind;
  }
}

/** @typedef {(wasRefused: boolean) => void} OnSignedOut receives whether a request was made, and refused by it */
/** @type {Set<OnSignedOut>} */
const onSignedOut = new Set();

/** Called whenever the server does not accept our session any more. @param {OnSignedOut} listener */
export function listenForSignOut(listener) {
  onSignedOut.add(listener);
  return () => void onSignedOut.delete(listener);
}

/** @type {() => Promise<boolean>} */
let renewSession = async () => false;

/** Called when the server does not accept our session; true: it does again. @param {() => Promise<boolean>} renew */
export function renewBy(renew) {
  renewSession = renew;
}

/** @param {unknown} error */
export function isSignedOut(error) {
  return error instanceof Problem && error.kind === 'unauthenticated';
}

/** @type {string | null} */
let user = null;

/** Whose page this is. All tabs of a browser have one session: where another user has signed in by now, what this page asks
 * for is refused instead of answered for them. @param {string | null} name */
export function speakFor(name) {
  user = name;
}

let clockOffsetMs = 0;

/** The server's clock, by the date of its last answer: ages are right on a machine whose clock is not. */
export function serverNowMs() {
  return Date.now() + clockOffsetMs;
}

/** @param {string} path below the API's prefix */
export function apiUrl(path) {
  return PREFIX + path;
}

/**
 * @typedef {{ body?: unknown, headers?: Record<string, string>, signal?: AbortSignal, isByItself?: boolean }} CallOptions
 *   isByItself: the page sends it without a user's action
 */

/**
 * What was refused because a session had ended has not happened: it is sent once more where the session was renewed.
 * @param {'GET' | 'POST' | 'DELETE'} method
 * @param {string} path below the API's prefix
 * @param {CallOptions} [options]
 * @returns {Promise<any>} the body of the answer; its shape is the API's
 * @throws {Problem}
 */
export async function call(method, path, options = {}) {
  const named = user === null ? {} : { 'reclaim-user': encodeURIComponent(user) };
  const request = { ...options, headers: { ...named, ...options.headers } };
  try {
    return await ask(method, path, request);
  } catch (error) {
    const isByToken = options.headers?.authorization !== undefined;
    if (isByToken || !isSignedOut(error)) throw error;
    if (await renewSession()) return ask(method, path, request);
    const wasRefused = method !== 'GET' && options.isByItself !== true;
    for (const listener of onSignedOut) listener(wasRefused);
    throw error;
  }
}

/** @param {string} method @param {string} path @param {CallOptions} options @returns {Promise<any>} */
async function ask(method, path, { body, headers = {}, signal }) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const response = await send(apiUrl(path), {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  noteClock(response.headers.get('date'));
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  throw toProblem(response.status, answer);
}

/** @param {string} url @param {RequestInit & { signal: AbortSignal }} request */
async function send(url, request) {
  try {
    return await fetch(url, request);
  } catch (error) {
    if (request.signal.aborted && !isTimeout(request.signal.reason)) throw error;
    throw new Problem(0, 'offline', 'The server does not answer.');
  }
}

/** @param {unknown} reason */
function isTimeout(reason) {
  return reason instanceof DOMException && reason.name === 'TimeoutError';
}

/** @param {number} status @param {any} answer */
function toProblem(status, answer) {
  const kind = String(answer?.type ?? '').replace('urn:reclaim:problem:', '');
  const detail = answer?.detail ?? answer?.title ?? `The server answered ${status}.`;
  return new Problem(status, kind === '' ? 'unreadable' : kind, String(detail));
}

// The header has whole seconds; a difference below two may be rounding and travel.
/** @param {string | null} date */
function noteClock(date) {
  const offset = Date.parse(date ?? '') - Date.now();
  clockOffsetMs = Math.abs(offset) > 2_000 ? offset : 0;
}
