// What a process that a test starts gets of the test's own environment: where programs are, and what the run has
// compiled of the sources already, so that no start compiles them again. Everything else is the test's to say.

export function childEnv(): Readonly<Record<string, string>> {
  const { PATH = '', NODE_COMPILE_CACHE } = process.env;
  return { PATH, ...(NODE_COMPILE_CACHE !== undefined && { NODE_COMPILE_CACHE }) };
}
