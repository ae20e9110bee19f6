// Virtual time for one test.

import { onTestFinished } from 'vitest';
import {
  startVirtualTime,
  type VirtualTime,
} from '../../../packages/saga/src/testing/simulation/virtual-time.ts';

export function useVirtualTime(): VirtualTime {
  const time = startVirtualTime();
  onTestFinished(time.end);
  return time;
}
