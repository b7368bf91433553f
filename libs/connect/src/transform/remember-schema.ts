import type { Schema } from '../data/schema.ts';

/** Remembers by identity what was made of a schema, as long as somebody holds it. */
export function rememberSchema<From extends Schema, To>(make: (schema: From) => To): (schema: From) => To {
  const made = new WeakMap<From, To>();
  return (schema) => {
    const known = made.get(schema);
    if (known !== undefined || made.has(schema)) return known as To;
    const created = make(schema);
    made.set(schema, created);
    return created;
  };
}
