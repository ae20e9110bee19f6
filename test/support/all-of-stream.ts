/** All that a stream of batches hands out, in its order. */
export async function allOfStream<T>(stream: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const batch of stream) all.push(...batch);
  return all;
}
