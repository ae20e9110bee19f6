// Sessions that were signed out before they were over. A session is a signed cookie that every process can read by itself;
// that it has ended is the one thing about it that has to be remembered, until the cookie would have ended anyway. The port
// stands in the domain because the API and its storage know it, and neither may know the other.

export interface EndedSessions {
  /** Repeatable. All processes know it when this has resolved. @throws UnavailableError, RetryableError */
  end(sessionId: string, forgetAt: Date): Promise<void>;
  /**
   * Which of these have ended. @throws UnavailableError, RetryableError: then the answer is unknown, and no session is
   * accepted.
   */
  among(sessionIds: readonly string[]): Promise<ReadonlySet<string>>;
}
