// How one talks with a program that runs in a container and takes a line at a time: what is sent for a command, and
// where its answer ends. A random token follows each command, which the program is made to repeat: nothing that it
// says by itself can pass for the end.

export interface Dialogue<Answer> {
  /** For messages. */
  readonly program: string;
  readonly argv: readonly string[];
  /** What to send for one command; null: for none, to hear that it listens. */
  readonly linesToSend: (command: string | null, token: string) => string;
  /** What it says before the first command: what frames every answer, its prompt if it has one.
   * @returns undefined while it is incomplete. @throws InDoubtError where it will not come. */
  readonly readBeginning: (text: string, token: string) => Said<string> | undefined;
  /** @returns undefined while it is incomplete. @throws InDoubtError for one that is not framed as all are. */
  readonly readAnswer: (text: string, prompt: string, token: string) => Said<Answer> | undefined;
}

export interface Said<Value> {
  readonly value: Value;
  /** What came after it, and belongs to the next. */
  readonly rest: string;
}
