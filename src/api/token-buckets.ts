// How much each of many senders may take: a bucket a key, filled at a steady rate up to its size. In memory and bounded: no
// server has to answer before a request is refused, and a sender under a million names fills no more than this.

interface Bucket {
  level: number;
  atMs: number;
}

const MINUTE_MS = 60_000;

export function createTokenBuckets(maxKeys: number, nowMs: () => number = () => performance.now()) {
  const buckets = new Map<string, Bucket>();

  /** An unused bucket is full. */
  function filled(key: string, perMinute: number): Bucket {
    const at = nowMs();
    const bucket = buckets.get(key) ?? { level: perMinute, atMs: at };
    bucket.level = Math.min(perMinute, bucket.level + ((at - bucket.atMs) * perMinute) / MINUTE_MS);
    bucket.atMs = at;
    // The longest unused is the first, and is forgotten first: it is the fullest.
    buckets.delete(key);
    buckets.set(key, bucket);
    for (const oldest of buckets.keys()) {
      if (buckets.size <= maxKeys) break;
      buckets.delete(oldest);
    }
    return bucket;
  }

  return {
    /** Takes it, or returns how many ms from now there will be enough. */
    take: (key: string, cost: number, perMinute: number): number | null => {
      const bucket = filled(key, perMinute);
      if (bucket.level < cost) return ((cost - bucket.level) * MINUTE_MS) / perMinute;
      bucket.level -= cost;
      return null;
    },
    /** What was taken and turned out not to be due. */
    giveBack: (key: string, cost: number, perMinute: number): void => {
      const bucket = filled(key, perMinute);
      bucket.level = Math.min(perMinute, bucket.level + cost);
    },
  };
}
