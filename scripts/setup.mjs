// Runs before every npm script, on whatever Node the machine has and with nothing installed. This file is read by
// Nodes that are too old for any other here: it tells them so in one sentence.

const OLDEST_NODE = 20;

function fail(line) {
  process.stderr.write(`set-up: ${line}\n`);
  process.exit(1);
}

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  fail(
    `Node ${OLDEST_NODE} or newer is needed, and this is ${process.version}; the project then brings its own Node.`,
  );
}
import('./install-packages.mjs')
  .then((packages) => packages.installPackages())
  .catch((error) => fail(error.message));
