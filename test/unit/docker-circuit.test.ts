import { expect, test } from 'vitest';
import { createCircuit } from '../../src/bots/docker/circuit.ts';

function createTimed() {
  let at = 0;
  const changes: string[] = [];
  const circuit = createCircuit({
    failuresToOpen: 3,
    probeEveryMs: 1_000,
    now: () => new Date(at),
    onChange: (state) => changes.push(state),
  });
  return {
    circuit,
    changes,
    pass: (ms: number) => {
      at += ms;
    },
  };
}

test('failures that are not in a row: it stays closed', () => {
  const { circuit, changes } = createTimed();
  for (let round = 0; round < 5; round++) {
    circuit.failed();
    circuit.failed();
    circuit.succeeded();
  }
  expect(circuit.admit()).toBe(true);
  expect(changes).toEqual([]);
});

test('failures in a row: it opens, and lets one call a second through', () => {
  const { circuit, changes, pass } = createTimed();
  for (let failure = 0; failure < 3; failure++) circuit.failed();
  expect(changes).toEqual(['open']);
  expect(circuit.admit()).toBe(false);
  pass(1_000);
  expect([circuit.admit(), circuit.admit()]).toEqual([true, false]);
  circuit.failed();
  pass(999);
  expect(circuit.admit()).toBe(false);
  pass(1);
  expect(circuit.admit()).toBe(true);
  circuit.succeeded();
  expect(changes).toEqual(['open', 'closed']);
  expect([circuit.admit(), circuit.admit()]).toEqual([true, true]);
});

test('a clock that is set back while it is open: it is probed all the same', () => {
  const { circuit, pass } = createTimed();
  pass(10_000_000);
  for (let failure = 0; failure < 3; failure++) circuit.failed();
  pass(-5_000_000);
  expect(circuit.admit()).toBe(true);
});
