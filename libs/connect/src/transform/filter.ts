import { declareConfig } from '../config/config-declaration.ts';
import type { TransformDefinition } from './transform.ts';

export const filter: TransformDefinition = {
  name: 'Filter',
  scope: 'record',
  doc: 'Drops every record that it sees: those that its predicate chooses.',
  config: declareConfig({}),
  create: () => () => undefined,
};
