// The view library as the pages use it: templates in plain JavaScript, nothing to build.

import htm from 'htm';
import { h } from 'preact';

export { render } from 'preact';
export { useCallback, useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';

export const html = htm.bind(h);

/** @typedef {import('preact').ComponentChildren} Children */
