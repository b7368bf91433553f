import type { TargetState } from '../../core/config-record.ts';
import type { ConnectWorker, InternalCall } from '../connect-worker.ts';
import { connectorView, runView, statusView } from '../connector-views.ts';
import { textsOf } from '../thread/validate-config.ts';
import { RestError } from './rest-error.ts';
import { assertObject, configOf, offsetsOf, targetOf } from './rest-input.ts';
import { classView, fieldView, validationView } from './rest-views.ts';

export interface RestRequest {
  /** Of the path's pattern. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface RestAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RestRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Segments that begin with a colon are parameters. */
  readonly path: string;
  handle(request: RestRequest): Promise<RestAnswer> | RestAnswer;
}

const NO_CONTENT: RestAnswer = { status: 204 };
const ACCEPTED: RestAnswer = { status: 202 };

/** Kafka Connect's REST API over a worker: its paths, bodies and codes. */
export function restRoutes(worker: ConnectWorker, version: string): readonly RestRoute[] {
  const root: RestRoute = {
    method: 'GET',
    path: '/',
    handle: () => ok({ version, commit: 'moldau', kafka_cluster_id: worker.options.groupId }),
  };
  const health: RestRoute = {
    method: 'GET',
    path: '/health',
    handle: () => {
      const reason = worker.notReady;
      const status = reason === undefined ? 'healthy' : 'unhealthy';
      const message = reason ?? 'Worker has completed startup and is ready to handle requests.';
      return { status: reason === undefined ? 200 : 503, body: { status, message } };
    },
  };
  return [
    root,
    health,
    ...connectorRoutes(worker),
    ...configRoutes(worker),
    ...stateRoutes(worker),
    ...topicRoutes(worker),
    ...offsetRoutes(worker),
    ...pluginRoutes(worker),
  ];
}

function ok(body: unknown): RestAnswer {
  return { status: 200, body };
}

function viewOf(worker: ConnectWorker, name: string): ReturnType<typeof connectorView> {
  const entry = worker.connector(name);
  const className = entry.connector.config['connector.class'] ?? '';
  return connectorView(entry, worker.plugins.fieldsOf(className));
}

function connectorRoutes(worker: ConnectWorker): readonly RestRoute[] {
  return [
    {
      method: 'GET',
      path: '/connectors',
      handle: ({ query }) => {
        const expand = new Set(query.getAll('expand'));
        if (expand.size === 0) return ok(worker.image.names);
        const list = worker.image.entries().map((entry) => {
          const info = expand.has('info') ? { info: viewOf(worker, entry.name) } : {};
          const status = expand.has('status') ? { status: statusView(entry, worker.statuses) } : {};
          return [entry.name, { ...info, ...status }] as const;
        });
        return ok(Object.fromEntries(list));
      },
    },
    {
      method: 'POST',
      path: '/connectors',
      handle: async ({ body }) => {
        const given = assertObject(body, 'the body');
        const config = configOf(given['config'], 'config');
        const name = typeof given['name'] === 'string' ? given['name'].trim() : '';
        if (name === '') throw new RestError(400, 'name: missing; the body is {"name": …, "config": {…}}');
        if (config['name'] !== undefined && config['name'] !== name) {
          throw new RestError(400, `Connector name configuration in 'config' field doesn't match connector name in 'name' field`);
        }
        await worker.put('create', name, config, targetOf(given['initial_state']));
        return { status: 201, body: viewOf(worker, name), headers: { location: `/connectors/${name}` } };
      },
    },
    { method: 'GET', path: '/connectors/:name', handle: ({ params }) => ok(viewOf(worker, nameOf(params))) },
    {
      method: 'DELETE',
      path: '/connectors/:name',
      handle: async ({ params }) => {
        await worker.run({ t: 'delete', name: nameOf(params) });
        return NO_CONTENT;
      },
    },
    // What one worker asks of the leader.
    {
      method: 'POST',
      path: '/internal/calls',
      handle: async ({ body }) => ok({ result: (await worker.serve(body as InternalCall)) ?? null }),
    },
  ];
}

function configRoutes(worker: ConnectWorker): readonly RestRoute[] {
  return [
    { method: 'GET', path: '/connectors/:name/config', handle: ({ params }) => ok(viewOf(worker, nameOf(params)).config) },
    {
      method: 'PUT',
      path: '/connectors/:name/config',
      handle: async ({ params, body }) => {
        const name = nameOf(params);
        const { created } = await worker.put('apply', name, configOf(body, 'the body'));
        return { status: created ? 201 : 200, body: viewOf(worker, name) };
      },
    },
    {
      // KIP-477: null takes a setting away.
      method: 'PATCH',
      path: '/connectors/:name/config',
      handle: async ({ params, body }) => {
        const name = nameOf(params);
        const patch = assertObject(body, 'the body');
        const merged = { ...worker.connector(name).connector.config, ...patch };
        await worker.put('apply', name, textsOf(merged));
        return ok(viewOf(worker, name));
      },
    },
  ];
}

function stateRoutes(worker: ConnectWorker): readonly RestRoute[] {
  const target = (path: string, state: TargetState, answer: RestAnswer): RestRoute => ({
    method: 'PUT',
    path: `/connectors/:name/${path}`,
    handle: async ({ params }) => {
      await worker.run({ t: 'target', name: nameOf(params), target: state });
      return answer;
    },
  });
  return [
    {
      method: 'GET',
      path: '/connectors/:name/status',
      handle: ({ params }) => ok(statusView(worker.connector(nameOf(params)), worker.statuses)),
    },
    target('pause', 'PAUSED', ACCEPTED),
    target('resume', 'RUNNING', ACCEPTED),
    target('stop', 'STOPPED', NO_CONTENT),
    {
      method: 'POST',
      path: '/connectors/:name/restart',
      handle: async ({ params, query }) => {
        const name = nameOf(params);
        const includeTasks = query.get('includeTasks') === 'true';
        const onlyFailed = query.get('onlyFailed') === 'true';
        await worker.run({ t: 'restart', name, includeTasks, onlyFailed });
        return includeTasks || onlyFailed ? { status: 202, body: statusView(worker.connector(name), worker.statuses) } : NO_CONTENT;
      },
    },
    ...taskRoutes(worker),
  ];
}

function taskRoutes(worker: ConnectWorker): readonly RestRoute[] {
  return [
    {
      method: 'GET',
      path: '/connectors/:name/tasks',
      handle: ({ params }) => {
        const name = nameOf(params);
        const entry = worker.connector(name);
        const { tasks } = viewOf(worker, name);
        const settings = entry.tasks?.tasks ?? [];
        return ok(
          tasks.map((id) => ({
            id,
            config: { 'task.class': entry.connector.config['connector.class'] ?? '', ...textsOf(settings[id.task] ?? {}) },
          })),
        );
      },
    },
    {
      method: 'GET',
      path: '/connectors/:name/tasks/:task/status',
      handle: ({ params }) => {
        const name = nameOf(params);
        const task = taskOf(params);
        if (viewOf(worker, name).tasks[task] === undefined) throw new RestError(404, `No status found for task ${name}-${task}`);
        return ok({ id: task, ...runView(worker.statuses.find({ connector: name, task })) });
      },
    },
    {
      method: 'POST',
      path: '/connectors/:name/tasks/:task/restart',
      handle: async ({ params }) => {
        await worker.run({ t: 'restart', name: nameOf(params), task: taskOf(params), includeTasks: false, onlyFailed: false });
        return NO_CONTENT;
      },
    },
  ];
}

/** KIP-558. */
function topicRoutes(worker: ConnectWorker): readonly RestRoute[] {
  return [
    {
      method: 'GET',
      path: '/connectors/:name/topics',
      handle: ({ params }) => ok({ [nameOf(params)]: { topics: worker.activeTopics(nameOf(params)) } }),
    },
    {
      method: 'PUT',
      path: '/connectors/:name/topics/reset',
      handle: ({ params }) => {
        worker.resetActiveTopics(nameOf(params));
        return { status: 200 };
      },
    },
  ];
}

function offsetRoutes(worker: ConnectWorker): readonly RestRoute[] {
  return [
    {
      method: 'GET',
      path: '/connectors/:name/offsets',
      handle: async ({ params }) => ok({ offsets: await worker.offsets(nameOf(params)) }),
    },
    {
      method: 'PATCH',
      path: '/connectors/:name/offsets',
      handle: async ({ params, body }) => ok({ message: await worker.changeOffsets(nameOf(params), offsetsOf(body)) }),
    },
    {
      method: 'DELETE',
      path: '/connectors/:name/offsets',
      handle: async ({ params }) => ok({ message: await worker.changeOffsets(nameOf(params), undefined) }),
    },
  ];
}

function pluginRoutes(worker: ConnectWorker): readonly RestRoute[] {
  const { plugins } = worker;
  return [
    { method: 'GET', path: '/connector-plugins', handle: () => ok(plugins.classes.map(classView)) },
    {
      method: 'GET',
      path: '/connector-plugins/:class/config',
      handle: ({ params }) => ok(plugins.find(params['class'] ?? '').plugin.fields.map(fieldView)),
    },
    {
      method: 'PUT',
      path: '/connector-plugins/:class/config/validate',
      handle: async ({ params, body }) => {
        const className = params['class'] ?? '';
        const config = configOf(body, 'the body');
        const given = config['connector.class'];
        const { plugin } = plugins.find(className);
        if (given !== undefined && given !== className && given !== plugin.name && !plugin.aliases.includes(given)) {
          throw new RestError(400, `Included connector type ${given} does not match request type ${className}`);
        }
        return ok(validationView(plugin.name, await worker.validate(className, { 'connector.class': className, ...config })));
      },
    },
  ];
}

function nameOf(params: RestRequest['params']): string {
  return params['name'] ?? '';
}

function taskOf(params: RestRequest['params']): number {
  const text = params['task'] ?? '';
  if (!/^\d{1,5}$/.test(text)) throw new RestError(404, `no task is called '${text.slice(0, 20)}'`);
  return Number(text);
}
