// What an operator types to find sagas, as what the log can look up: a saga's id, a user by `_id` or firebaseUid, a bot.
// Exact, because each is served by an index; what could be several of these is looked for as all of them.

import { parseSagaId, type SagaTrait } from '@reclaim/saga';
import { parseFirebaseUid, parseInstanceId, parseUserId } from '../domain/ids.ts';
import type { Accounts } from './dependencies.ts';

export async function traitsOf(text: string, accounts: Accounts): Promise<readonly SagaTrait[]> {
  const sought = text.trim();
  const traits: SagaTrait[] = [];
  const id = parseSagaId(sought);
  if (id !== undefined) traits.push({ of: 'id', value: id });
  const userId = parseUserId(sought);
  if (userId !== undefined) traits.push({ of: 'subject', value: userId });
  const uid = parseFirebaseUid(sought);
  const account = uid === undefined ? null : await accounts.findByFirebaseUid(uid);
  if (account !== null) traits.push({ of: 'subject', value: account.userId });
  const instanceId = parseInstanceId(sought);
  if (instanceId !== undefined)
    traits.push({ of: 'input', field: 'instanceId', value: instanceId });
  return traits;
}
