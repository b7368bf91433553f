import { MoldauError, present } from '@moldau/kernel';
import type { Emit, Operator, OperatorSetup, ProcessOperator } from '../graph/operator.ts';
import type { StateStore } from '../stores/store.ts';
import { type Failures, isFatal } from './failures.ts';
import type { TaskServices } from './task-services.ts';

type AnyEmit = Emit<unknown, unknown>;

export interface TaskGraphOptions {
  /** Of one sub-topology, parents before children. */
  readonly operators: readonly Operator[];
  readonly stores: ReadonlyMap<string, StateStore>;
  readonly services: TaskServices;
  readonly failures: Failures;
  createSink(operator: Operator & { readonly kind: 'sink' }): AnyEmit;
}

/** Makes the operators of a task, last ones first, so that each holds the calls of those that follow it. */
export function createTaskGraph(options: TaskGraphOptions): ReadonlyMap<string, AnyEmit> {
  const made = new Map<string, AnyEmit>();
  const children = childrenOf(options.operators);
  for (const operator of [...options.operators].reverse()) {
    const following = children.get(operator.name) ?? [];
    const forward = fanOut(following.map((name) => present(made.get(name), 'children are made before their parents')));
    switch (operator.kind) {
      case 'source':
        made.set(operator.name, forward);
        break;
      case 'sink':
        made.set(operator.name, options.createSink(operator));
        break;
      case 'process':
        made.set(
          operator.name,
          createProcess(options, operator, forward, (name) => made.get(name)),
        );
    }
  }
  return made;
}

function createProcess(
  options: TaskGraphOptions,
  operator: ProcessOperator,
  forward: AnyEmit,
  made: (name: string) => AnyEmit | undefined,
): AnyEmit {
  const { services, stores, failures } = options;
  const setup: OperatorSetup<unknown, unknown> = {
    name: operator.name,
    forward,
    task: services,
    child: (name) => present(made(name), `${operator.name} has the child ${name}`),
    store: <Store extends StateStore>(name: string): Store => {
      const store = operator.stores.includes(name) ? stores.get(name) : undefined;
      if (store !== undefined) return store as Store;
      throw new MoldauError('UNCONNECTED_STORE', `operator ${operator.name} asks for the store ${name}, which it does not name`, {
        operator: operator.name,
        store: name,
      });
    },
  };
  return guarded(operator.name, operator.create(setup) as AnyEmit, failures);
}

/** What an operator throws is its own failure: operators beside it and before it go on. */
function guarded(name: string, process: AnyEmit, failures: Failures): AnyEmit {
  return (key, value, old, timestampMs) => {
    try {
      process(key, value, old, timestampMs);
    } catch (thrown) {
      if (isFatal(thrown)) throw thrown;
      failures.processing(name, thrown, { key, value, timestampMs });
    }
  };
}

function fanOut(targets: readonly AnyEmit[]): AnyEmit {
  const [first, second, ...rest] = targets;
  if (first === undefined) return () => {};
  if (second === undefined) return first;
  if (rest.length === 0) {
    return (key, value, old, timestampMs) => {
      first(key, value, old, timestampMs);
      second(key, value, old, timestampMs);
    };
  }
  return (key, value, old, timestampMs) => {
    for (const target of targets) target(key, value, old, timestampMs);
  };
}

function childrenOf(operators: readonly Operator[]): ReadonlyMap<string, readonly string[]> {
  const children = new Map<string, string[]>();
  for (const operator of operators) {
    if (operator.kind === 'source') continue;
    for (const parent of operator.parents) {
      const list = children.get(parent) ?? [];
      list.push(operator.name);
      children.set(parent, list);
    }
  }
  return children;
}
