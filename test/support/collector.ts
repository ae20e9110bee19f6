// An OpenTelemetry collector as a process sees it: an address that takes OTLP over HTTP as JSON. Keeps what it gets, in
// the words that a test asks in; or takes requests and never answers, as one that is overloaded does.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { waitFor } from './wait-for.ts';

export interface CollectedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** 2 SERVER, 4 PRODUCER, 5 CONSUMER, else INTERNAL. */
  readonly kind: number;
  readonly isError: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly service: string;
  readonly pid: unknown;
}

export interface Collector {
  readonly endpoint: string;
  readonly spans: readonly CollectedSpan[];
  /** The bodies of all exports, as they came. */
  readonly bodies: readonly string[];
  /** Of all exports. */
  readonly paths: readonly string[];
  /** Answers from now on. */
  recover(): void;
  /** All spans about a saga, once its acceptance and these names are among them: processes export in batches of their
   * own, in any order. */
  sagaSpans(sagaId: string, ...names: readonly string[]): Promise<readonly CollectedSpan[]>;
}

type Mood = 'answers' | 'hangs' | 'refuses';

export async function startCollector(first: Mood = 'answers'): Promise<Collector> {
  let mood = first;
  const paths: string[] = [];
  const spans: CollectedSpan[] = [];
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request).catch(() => null);
    // The sender gave up in the middle.
    if (body === null) return;
    paths.push(request.url ?? '');
    bodies.push(body);
    if (mood === 'hangs') return;
    if (mood === 'refuses') return void response.writeHead(400).end();
    spans.push(...spansIn(JSON.parse(body)));
    response.setHeader('content-type', 'application/json').end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    spans,
    bodies,
    paths,
    recover: () => {
      mood = 'answers';
    },
    sagaSpans: (sagaId, ...names) =>
      waitFor(`the spans ${names.join(', ')} of ${sagaId}`, () => {
        const found = spans.filter(({ attributes }) => attributes['saga.id'] === sagaId);
        const has = (name: string) => found.some((span) => span.name === name);
        const isAccepted = found.some(({ name }) => name.startsWith('accept '));
        return isAccepted && names.every(has) && found;
      }),
  };
}

interface KeyValue {
  readonly key: string;
  readonly value: { stringValue?: string; intValue?: number; doubleValue?: number };
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly kind: number;
        readonly status: { readonly code?: number };
        readonly attributes: readonly KeyValue[];
      }[];
    }[];
  }[];
}

const STATUS_ERROR = 2;

function spansIn({ resourceSpans }: Export): readonly CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const about = toObject(resource.attributes);
    return scopeSpans
      .flatMap(({ spans }) => spans)
      .map(({ name, traceId, spanId, parentSpanId, kind, status, attributes }) => ({
        ...{ name, traceId, spanId, parentSpanId, kind },
        isError: status.code === STATUS_ERROR,
        attributes: toObject(attributes),
        service: String(about['service.name']),
        pid: about['process.pid'],
      }));
  });
}

function toObject(attributes: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.intValue ?? value.doubleValue,
    ]),
  );
}
