// The name of the one write that sets money aside for a new bot. It belongs to the saga, not to the bot's id:
// a repeat of the write finds its row by it, and a withdrawal forbids exactly this one (I2, I5).

import type { SagaId } from '@reclaim/saga';

export function reserveOpId(sagaId: SagaId): string {
  return `reserve.${sagaId}`;
}
