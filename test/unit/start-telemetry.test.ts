// The end of telemetry beside a collector that does not answer, without the application around it.

import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { startTelemetry } from '../../src/infra/telemetry/start-telemetry.ts';
import { startCollector } from '../support/collector.ts';
import { waitFor } from '../support/wait-for.ts';

const SAGA = { id: toSagaId('del-0000000000000000000000'), kind: 'delete-bot', epoch: 1 };

function telemetryTo(endpoint: string) {
  const news: string[] = [];
  const telemetry = startTelemetry({
    endpoint,
    serviceName: 'reclaim',
    version: '0',
    onLost: () => void news.push('lost'),
    onBack: () => void news.push('back'),
  });
  return { telemetry, news };
}

describe('telemetry', () => {
  it('stopped while the collector hangs: given up after two seconds', async () => {
    const collector = await startCollector('hangs');
    const { telemetry } = telemetryTo(collector.endpoint);
    telemetry.tracer.claimed(SAGA, 1);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());

    let isStopped = false;
    const stopped = telemetry.stop().then(() => {
      isStopped = true;
    });
    await vi.advanceTimersByTimeAsync(1_999);
    expect(isStopped).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isStopped).toBe(true);

    vi.useRealTimers();
    await stopped;
    await waitFor('the export that was left behind', () => collector.bodies.length > 0);
  });

  it('a collector that refuses, batch after batch, then takes them again: told once each', async () => {
    const collector = await startCollector('refuses');
    const { telemetry, news } = telemetryTo(collector.endpoint);
    onTestFinished(() => telemetry.stop());
    const send = async (count: number) => {
      telemetry.tracer.claimed(SAGA, 1);
      await waitFor('another export', () => collector.bodies.length >= count);
    };
    await send(1);
    await waitFor('the loss told', () => news.length > 0);
    await send(2);
    collector.recover();
    await send(3);
    await waitFor('the return told', () => news.includes('back'));
    expect(news).toEqual(['lost', 'back']);
  });

  it('an endpoint with a path of its own: the traces go below it', async () => {
    const collector = await startCollector();
    const { telemetry } = telemetryTo(`${collector.endpoint}/tenant`);
    telemetry.tracer.claimed(SAGA, 1);
    await telemetry.stop();
    expect(collector.paths).toEqual(['/tenant/v1/traces']);
  });
});
