// What is wrong with the widths of a page as it stands: wider than its window, out of its card, or cut. Whatever may be
// scrolled to is not cut; what only screen readers are told has no width.

import type { Page } from './browser.ts';

export function widthProblems(page: Page): Promise<readonly string[]> {
  return page.evaluate(FIND);
}

// Runs inside the page.
const FIND = (): string[] => {
  const { document, innerWidth, getComputedStyle } = Object(globalThis);
  const SLACK_PX = 1;
  const problems: string[] = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) problems.push(`page: ${root.scrollWidth}`);
  const open = document.querySelector('dialog[open]');
  for (const element of (open ?? document.body).querySelectorAll('*')) {
    const isUnobserved =
      element.closest('.unseen, .skip, .unseen-until-focus, svg, option') !== null;
    const box = element.getBoundingClientRect();
    if (isUnobserved || box.width === 0 || box.height === 0) continue;
    const name = `${element.tagName.toLowerCase()}.${element.className} "${String(element.textContent).trim().slice(0, 30)}"`;
    const scrolls = (one: { parentElement: unknown } | null): boolean =>
      one !== null &&
      (['auto', 'scroll'].includes(getComputedStyle(one).overflowX) ||
        scrolls(one.parentElement as { parentElement: unknown } | null));
    const isScrolled = element.closest('pre') !== null;
    if (!isScrolled && (box.right > innerWidth + SLACK_PX || box.left < -SLACK_PX)) {
      problems.push(`outside the window: ${name} ${box.left} to ${box.right}`);
    }
    const card = element.parentElement?.closest('.card, dialog')?.getBoundingClientRect();
    if (!isScrolled && card !== undefined && box.right > card.right + SLACK_PX) {
      problems.push(`outside its card: ${name} ${box.right} of ${card.right}`);
    }
    const isCut = element.clientWidth > 0 && element.scrollWidth > element.clientWidth + SLACK_PX;
    if (isCut && !scrolls(element)) {
      problems.push(`cut: ${name} ${element.scrollWidth} in ${element.clientWidth}`);
    }
    if (element.tagName === 'SELECT') {
      const style = getComputedStyle(element);
      const pen = document.createElement('canvas').getContext('2d');
      pen.font = style.font;
      const ARROW_PX = 20;
      const room =
        element.clientWidth -
        Number.parseFloat(style.paddingLeft) -
        Number.parseFloat(style.paddingRight) -
        ARROW_PX;
      for (const option of element.options) {
        const need = pen.measureText(option.text).width;
        if (need > room) problems.push(`cut: option "${option.text}" ${need} in ${room}`);
      }
    }
  }
  return [...new Set(problems)];
};
