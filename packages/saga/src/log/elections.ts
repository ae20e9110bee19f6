// Who does a job that one process at a time should do (relay, janitor). For economy only: two at once must
// be harmless.

export interface Elections {
  /** True while this process holds the post; renews it when it does. Database time decides. */
  hold(post: string, ttlMs: number): Promise<boolean>;
  /** Gives all posts up, so that the next process need not wait. */
  resign(): Promise<void>;
}
