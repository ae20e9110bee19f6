// A line over time, drawn by uPlot, which is loaded when there is something to draw. The same numbers stand in a
// sentence for users who cannot see it.

import { axisTime } from './time.js';
import { html, useEffect, useRef } from './view.js';

/**
 * @param {{
 *   times: readonly number[],
 *   values: readonly number[],
 *   format: (value: number) => string,
 *   summary: string,
 *   height?: number,
 * }} props times in ms, oldest first
 */
export function LineChart({ times, values, format, summary, height = 130 }) {
  const holder = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => {
    const element = holder.current;
    if (element === null || times.length === 0) return undefined;
    const ended = new AbortController();
    void drawInto(element, { times, values, format, height, signal: ended.signal });
    return () => ended.abort();
  }, [times, values, format, height]);
  return html`<div class="chart" ref=${holder} role="img" aria-label=${summary}></div>`;
}

/**
 * @param {HTMLElement} element
 * @param {{ times: readonly number[], values: readonly number[], format: (value: number) => string,
 *   height: number, signal: AbortSignal }} chart
 */
async function drawInto(element, { times, values, format, height, signal }) {
  const { default: UPlot } = await import('uplot');
  if (signal.aborted) return;
  /** @type {import('uplot').AlignedData} */
  const data = [times.map((ms) => ms / 1_000), [...values]];
  const make = () => new UPlot(optionsFor(element, data[0], height, format), data, element);
  let plot = make();
  const again = () => {
    plot.destroy();
    plot = make();
  };
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
  resized.observe(element);
  dark.addEventListener('change', again);
  signal.addEventListener('abort', () => {
    resized.disconnect();
    dark.removeEventListener('change', again);
    plot.destroy();
  });
}

/** Two samples a second apart are not shown as if they were days apart. */
const MIN_SPAN_S = 3_600;

/** "00:00" and what keeps it apart from the next. */
const MIN_LABEL_PX = 64;

/** The height of a chart in which nothing ever was. */
const FLAT = 10_000;

/** @param {HTMLElement} element @param {ArrayLike<number>} seconds @param {number} height
 * @param {(value: number) => string} format */
function optionsFor(element, seconds, height, format) {
  const first = seconds[0] ?? 0;
  const last = seconds[seconds.length - 1] ?? first;
  const color = (/** @type {string} */ name) => getComputedStyle(element).getPropertyValue(name);
  const grid = { stroke: color('--line'), width: 1 };
  const axis = { stroke: color('--soft'), grid, ticks: { show: false }, font: '12px system-ui' };
  return /** @type {import('uplot').Options} */ ({
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { y: false },
    scales: {
      x: { range: () => [Math.min(first, last - MIN_SPAN_S), last] },
      y: { range: (_plot, _min, max) => [0, (max > 0 ? max : FLAT) * 1.1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: MIN_LABEL_PX,
        values: (_plot, splits) => splits.map((seconds) => axisTime(seconds * 1_000)),
      },
      { ...axis, size: 74, values: (_plot, splits) => splits.map((value) => format(value)) },
    ],
    series: [{}, { stroke: color('--accent'), width: 2, points: { size: 5 } }],
  });
}
