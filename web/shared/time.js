// Moments as people read them: how long ago, and the exact moment on hover. Ages advance by themselves.

import { serverNowMs } from './api.js';
import { html, useEffect, useState } from './view.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const SHORT = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
/** Of another year than this one. */
const DATED = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const EXACT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' });

/** How long ago a moment of the server was; the moment itself when that is a day or more.
 * @param {{ at: string | number }} props ISO 8601, or ms */
export function Ago({ at }) {
  const nowMs = useServerNow(SECOND_MS);
  const atMs = typeof at === 'number' ? at : Date.parse(at);
  if (Number.isNaN(atMs)) return html`<span>at an unknown time</span>`;
  const iso = new Date(atMs).toISOString();
  return html`<time datetime=${iso} title=${EXACT.format(atMs)}>${ago(nowMs - atMs, atMs)}</time>`;
}

/** For the axis of a chart: the day where it begins, the time within it. @param {number} atMs */
export function axisTime(atMs) {
  const at = new Date(atMs);
  return (at.getHours() + at.getMinutes() === 0 ? DAY : CLOCK).format(at);
}

/** The server's time, updated every so often. @param {number} everyMs */
export function useServerNow(everyMs) {
  const [nowMs, setNowMs] = useState(serverNowMs);
  useEffect(() => listenToClock(everyMs, setNowMs), [everyMs]);
  return nowMs;
}

/** Which listeners belong to which clock: hundreds of ages on a page share one timer. */
const clocks = new Map(
  /** @type {[number, { listeners: Set<(nowMs: number) => void>, timer: number }][]} */ ([]),
);

/** @param {number} everyMs @param {(nowMs: number) => void} listener @returns {() => void} */
function listenToClock(everyMs, listener) {
  const clock = clocks.get(everyMs) ?? startClock(everyMs);
  clock.listeners.add(listener);
  return () => {
    clock.listeners.delete(listener);
    if (clock.listeners.size > 0) return;
    window.clearInterval(clock.timer);
    clocks.delete(everyMs);
  };
}

/** @param {number} everyMs */
function startClock(everyMs) {
  /** @type {Set<(nowMs: number) => void>} */
  const listeners = new Set();
  const tick = () => {
    for (const listener of listeners) listener(serverNowMs());
  };
  const clock = { listeners, timer: window.setInterval(tick, everyMs) };
  clocks.set(everyMs, clock);
  return clock;
}

/** A length of time, in the largest unit that fits. @param {number} ms */
export function duration(ms) {
  if (ms < SECOND_MS) return `${Math.max(0, Math.round(ms / 10) / 100)} s`;
  if (ms < 10 * SECOND_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  if (ms < MINUTE_MS) return `${Math.round(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`;
  return `${Math.floor(ms / DAY_MS)} d`;
}

/** @param {number} ageMs @param {number} atMs */
function ago(ageMs, atMs) {
  if (ageMs < SECOND_MS) return 'now';
  if (ageMs < 10 * SECOND_MS) return `${Math.floor(ageMs / SECOND_MS)} s ago`;
  if (ageMs < DAY_MS) return `${duration(ageMs)} ago`;
  const isThisYear = new Date(atMs).getFullYear() === new Date(atMs + ageMs).getFullYear();
  return (isThisYear ? SHORT : DATED).format(atMs);
}
