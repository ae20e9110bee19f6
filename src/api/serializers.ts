// How answers are written as JSON. A schema is compiled once for a process, however many routes answer by it: each route
// of GET has one of HEAD beside it, most of those of sagas give the same view, and tests start one application after
// the other. Fastify hands on the very object that a route declares, so what was compiled lives as long as its schema.

import { SerializerSelector } from '@fastify/fast-json-stringify-compiler';

type BuildSerializer = ReturnType<typeof SerializerSelector>;
type Serializer = ReturnType<ReturnType<BuildSerializer>>;

const build = SerializerSelector();
const compileAlone = build();
const compiled = new WeakMap<object, Serializer>();

/** For `schemaController.compilersFactory`. Only a schema that stands alone means the same everywhere. */
export const buildSerializer: BuildSerializer = (externalSchemas, options) => {
  if (Object.keys(Object(externalSchemas)).length > 0 || options !== undefined) {
    return build(externalSchemas, options);
  }
  return (route) => {
    if (typeof route.schema !== 'object' || route.schema === null) return compileAlone(route);
    const known = compiled.get(route.schema);
    if (known !== undefined) return known;
    const serializer = compileAlone(route);
    compiled.set(route.schema, serializer);
    return serializer;
  };
};
