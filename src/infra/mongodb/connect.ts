// The connection to MongoDB and what it does when no server answers. The driver takes a `timeoutMS` for each
// operation but does nothing with it (7.8), so no call here gives one, and a server that accepts connections and never
// answers would hold every call for ever. Two limits of the connection end that: the monitor, which gives up on a
// silent server and with it on everything that waits for it, and the socket's own timeout behind it. Neither ends a command
// that waits for room in a socket which was closed meanwhile: the engine's `inTime` does.

import { type Db, MongoClient } from 'mongodb';

/** An outage is noticed by callers within this time, not after the driver's thirty seconds. */
const SERVER_SELECTION_TIMEOUT_MS = 2_000;
/** A server that is silent for the sum of both, six seconds, counts as away. */
const HEARTBEAT_MS = 3_000;
const CONNECT_TIMEOUT_MS = 3_000;
/** For one connection that hangs while the server itself is well: as long as the longest query may take. */
const SOCKET_TIMEOUT_MS = 30_000;

/** @param patience `limited` for everything that serves; `endless` for what may take an hour on a large
 * database, such as building an index.
 * @returns the database that the address names; `db.client.close()` ends the connection.
 * @throws when MongoDB does not answer. */
export async function connectMongo(
  uri: string,
  patience: 'limited' | 'endless' = 'limited',
): Promise<Db> {
  const isLimited = patience === 'limited';
  const client = new MongoClient(uri, {
    serverSelectionTimeoutMS: SERVER_SELECTION_TIMEOUT_MS,
    heartbeatFrequencyMS: HEARTBEAT_MS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    ...(isLimited && {
      socketTimeoutMS: SOCKET_TIMEOUT_MS,
      waitQueueTimeoutMS: SOCKET_TIMEOUT_MS,
    }),
    // Regardless of the address: a secondary that lags behind would confirm a claim that no longer holds, and show
    // a state older than one that was shown before (I5, I9).
    readPreference: 'primary',
  });
  try {
    await client.connect();
  } catch (error) {
    // Its monitors would go on trying.
    await client.close();
    throw error;
  }
  return client.db();
}
