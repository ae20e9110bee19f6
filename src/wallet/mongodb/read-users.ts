// How wallet commands read users: without the embedded rows, where these cannot change the answer. They tell what was
// settled of a bot that has an allocation, or by an operation without a receipt, and mostly there is no such row. An
// expression that names the list makes the server build a value of each row first, 50,000 of them where a user is
// old; a filter and `$elemMatch` search them as they are stored. I2: where they may tell something, all of that user
// is read, in one moment.

import type { ReadOptions } from '@reclaim/saga/mongodb';
import { type Collection, type Document, ObjectId } from 'mongodb';
import type { InstanceId, UserId } from '../../domain/ids.ts';
import {
  parseUserReading,
  type Requested,
  type UserReading,
  userProjection,
} from './user-reading.ts';
import { receiptOf } from './wallet-decisions.ts';

export interface UserQuestion {
  readonly userId: UserId;
  readonly instanceId: InstanceId | null;
  readonly opId: string | null;
  /** No allocation of the bot: then the rows are not searched, and are read only where there is one. */
  readonly expected?: 'absent';
}

type Readings = ReadonlyMap<string, UserReading>;

export async function readUsers(
  users: Collection<Document>,
  questions: readonly UserQuestion[],
  options: ReadOptions,
): Promise<Readings> {
  if (questions.length === 0) return new Map();
  const searched = questions.filter(({ expected }) => expected !== 'absent');
  const projection = {
    ...userProjection(requestedBy(questions), false),
    ...(searched.length > 0 && ownRowIn(requestedBy(searched))),
  };
  const filter = { ...named(questions), ...HAS_LIST };
  const found = await users.find(filter, { ...options, projection }).toArray();
  const readings = readingsOf(found);
  const withOwnRow = new Set(
    found.flatMap(({ _id, walletTransactions }) => (walletTransactions ? [String(_id)] : [])),
  );
  const open = questions.filter((question) => {
    const user = readings.get(question.userId);
    const mayHaveRow = question.expected === 'absent' || withOwnRow.has(question.userId);
    return user === undefined || mayRowsTell(user, question, mayHaveRow);
  });
  if (open.length === 0) return readings;
  const openUsers = new Set(open.map(({ userId }) => userId));
  const again = questions.filter(({ userId }) => openUsers.has(userId));
  return new Map([...readings, ...(await readWhole(users, again, options))]);
}

/** For one update that is read back by the command that applies it: its own filter has searched the rows. */
export function returnedUser(question: UserQuestion) {
  return {
    projection: userProjection(requestedBy([question]), false),
    /** Undefined: the rows have to be read. */
    toReading: (document: Document): Readings | undefined => {
      const user = parseUserReading(document);
      const isUndated = [...user.allocations.values()].some(({ isDated }) => !isDated);
      return isUndated ? undefined : new Map([[String(document._id), user]]);
    },
  };
}

function mayRowsTell(
  user: UserReading,
  { instanceId, opId }: UserQuestion,
  mayHaveRow: boolean,
): boolean {
  const bot = instanceId === null ? undefined : user.allocations.get(instanceId);
  // Told from an old copy by the platform's row that set it aside.
  if (bot?.isDated === false) return true;
  const isReceiptMissing = opId !== null && receiptOf(user, opId) === undefined;
  return mayHaveRow && (bot !== undefined || isReceiptMissing);
}

async function readWhole(
  users: Collection<Document>,
  questions: readonly UserQuestion[],
  options: ReadOptions,
): Promise<Readings> {
  const projection = userProjection(requestedBy(questions), true);
  return readingsOf(await users.find(named(questions), { ...options, projection }).toArray());
}

/** What else stands there is money's that cannot be worked with: that is for a reading of all. */
const HAS_LIST = {
  $or: [{ walletTransactions: { $type: 'array' } }, { walletTransactions: null }],
};

/** The first settlement among the rows that was asked about; no field where there is none. */
function ownRowIn({ instanceIds, opIds }: Requested): Document {
  const isRequested = { $or: [{ botId: { $in: instanceIds } }, { opId: { $in: opIds } }] };
  return { walletTransactions: { $elemMatch: { opId: /^settle\./, ...isRequested } } };
}

function named(questions: readonly UserQuestion[]): Document {
  const ids = [...new Set(questions.map(({ userId }) => userId))];
  return { _id: { $in: ids.map((id) => new ObjectId(id)) } };
}

function requestedBy(questions: readonly UserQuestion[]): Requested {
  return {
    instanceIds: [...new Set(questions.flatMap(({ instanceId }) => instanceId ?? []))],
    opIds: [...new Set(questions.flatMap(({ opId }) => opId ?? []))],
  };
}

function readingsOf(documents: readonly Document[]): Readings {
  return new Map(documents.map((document) => [String(document._id), parseUserReading(document)]));
}
