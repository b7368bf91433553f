import { availableParallelism } from 'node:os';
import { createMoldau, type Moldau } from '@moldau/client';
import type { JsonObject } from '@moldau/connect';
import { isErrorName, MoldauError } from '@moldau/kernel';
import { topicKey } from '../core/active-topics.ts';
import type { ConnectorConfig, TargetState } from '../core/config-record.ts';
import { decodeConfigRecord } from '../core/config-record.ts';
import type { CommandOutcome, ConnectCommand, OffsetsChange } from '../core/connect-command.ts';
import { ConnectImage, type ConnectorEntry } from '../core/connect-image.ts';
import { findConnector } from '../core/decide.ts';
import { LEADER_SLOT, namesOf, type WorkerClusterNames } from '../core/names.ts';
import { runKey } from '../core/run-status.ts';
import { staleKeys } from '../core/stale-keys.ts';
import { type WantedRun, wantedRuns } from '../core/wanted-runs.ts';
import { Leader } from './cluster/leader.ts';
import { describeWorkers, joinSlots, type KnownWorker, type SlotMember } from './cluster/slot-member.ts';
import { StatusLog } from './cluster/status-log.ts';
import { openTail, type TopicTail } from './cluster/topic-tail.ts';
import { ensureTopics } from './cluster/topics.ts';
import { changeOffsets, type OffsetView, readOffsets } from './connector-offsets.ts';
import { unmaskedConfig } from './connector-views.ts';
import { forwardCall } from './forward-call.ts';
import { RunSet } from './run-set.ts';
import { PluginRegistry } from './runs/plugin-registry.ts';
import { StartQueue } from './runs/start-queue.ts';
import { TaskMetrics } from './task-metrics.ts';
import type { ThreadJob, ValidationResult } from './thread/thread-messages.ts';
import type { ConnectWorkerOptions } from './worker-options.ts';

/** What a worker does for others that are no leader. */
export type InternalCall = ConnectCommand | { readonly t: 'offsets'; readonly name: string; readonly change: OffsetsChange | null };

/** For so long a worker waits to read what the leader wrote. */
const CATCH_UP_MS = 10_000;
/** Threads that start at once besides one for each core: a start waits for the disk, too. */
const STARTS_BESIDE_CORES = 2;
const PLAN_RETRY_MS = 1_000;
/** For so long a change of offsets waits for tasks that are ending. */
const STOPPING_MAX_MS = 10_000;
const STOPPING_POLL_MS = 50;

/** A worker of a connect cluster: runs what its slots ask for, and answers for all of it. */
export class ConnectWorker {
  readonly plugins = new PluginRegistry();
  readonly image = new ConnectImage();
  readonly options: ConnectWorkerOptions;
  readonly #moldau: Moldau;
  readonly #names: WorkerClusterNames;
  readonly #status: StatusLog;
  readonly #runs: RunSet;
  readonly #metrics: TaskMetrics;
  readonly #starts = new StartQueue(availableParallelism() + STARTS_BESIDE_CORES);
  readonly #configs: TopicTail;
  #member: SlotMember | undefined;
  #leader: Leader | undefined;
  #isReady = false;
  #isClosed = false;
  #isReconciling = false;
  readonly #failed = Promise.withResolvers<never>();

  private constructor(options: ConnectWorkerOptions, moldau: Moldau) {
    this.options = options;
    this.#moldau = moldau;
    this.#names = namesOf(options.groupId);
    this.#metrics = new TaskMetrics(options.meter);
    this.#status = new StatusLog(moldau, this.#names.status, options.logger);
    this.#configs = openTail(moldau, this.#names.configs, 1, ({ key, value }) => this.#take(key ?? '', value));
    this.#runs = new RunSet({
      image: this.image,
      logger: options.logger,
      turn: (isFirst) => this.#starts.turn(isFirst),
      job: (run) => this.#jobOf(run),
      tell: (run, state, trace, finished) => {
        this.#metrics.state(run, state);
        this.#status.tell(run, { ...this.#generation(run), state, sinceMs: Date.now(), trace, finished });
      },
      planned: (run, tasks, watches) => void this.#planned(run, tasks, watches),
      samples: (run, samples) => this.#metrics.add(run, samples),
      topics: (run, topics) => this.#status.tellTopics(run, topics, Date.now()),
      restarted: (run) => this.#metrics.restarted(run),
      left: (run, cause) => this.#left(run, cause),
    });
    this.#failed.promise.catch(() => {});
  }

  /** Resolves when it takes part; @throws MoldauError when the cluster or its topics are not as they must be */
  static async start(options: ConnectWorkerOptions): Promise<ConnectWorker> {
    const { bootstrap, namespace, groupId, logger, meter } = options;
    const names = namesOf(groupId);
    const clientId = `connect-${options.workerId}`.slice(0, 200);
    const moldau = createMoldau({ bootstrap, clientId, logger, meter, ...(namespace === undefined ? {} : { namespace }) });
    try {
      await ensureTopics(moldau, names, options.replicationFactor);
      const worker = new ConnectWorker(options, moldau);
      await worker.#begin();
      return worker;
    } catch (error) {
      await moldau.close();
      throw error;
    }
  }

  /** Undefined, or why it can't serve now. */
  get notReady(): string | undefined {
    if (!this.#isReady) return 'the state of the connect cluster has not been read yet';
    return this.#moldau.health().connected ? undefined : 'no broker answers';
  }

  /** Rejects when it can't go on by itself. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  get statuses(): StatusLog['image'] {
    return this.#status.image;
  }

  get runCount(): number {
    return this.#runs.size;
  }

  /** @throws MoldauError CONNECTOR_NOT_FOUND */
  connector(name: string): ConnectorEntry {
    return findConnector(this.image, name);
  }

  /** How many planners and tasks are mapped to these slots. */
  runsIn(slots: readonly number[]): number {
    return wantedRuns(this.image, new Set(slots)).length;
  }

  workers(): Promise<readonly KnownWorker[]> {
    return describeWorkers(this.#moldau, this.#names);
  }

  /** @throws MoldauError PLUGIN_NOT_FOUND */
  async validate(className: string, config: JsonObject): Promise<ValidationResult> {
    const { keyConverter, valueConverter, headerConverter } = this.options;
    const result = await this.plugins.validate(className, config, { keyConverter, valueConverter, headerConverter });
    const { exactlyOnce, kind } = this.plugins.find(className).plugin;
    const isExact = exactlyOnce && this.options.exactlyOnceSource;
    if (kind !== 'source' || isExact || config['exactly.once.support'] !== 'required') return result;
    const error = exactlyOnce ? 'the worker has exactly-once sources switched off' : `${className} can not be exactly once`;
    const values = result.values.map((value) =>
      value.name === 'exactly.once.support' ? { ...value, errors: [...value.errors, error] } : value,
    );
    return { ...result, values, errorCount: values.filter(({ errors }) => errors.length > 0).length };
  }

  /** Makes or replaces a connector, after its config was looked at. @throws MoldauError CONNECTOR_CONFIG_INVALID and what `run` throws */
  async put(how: 'create' | 'apply', name: string, given: ConnectorConfig, target: TargetState = 'RUNNING'): Promise<CommandOutcome> {
    const config: ConnectorConfig = { ...unmaskedConfig(given, this.image.find(name)?.connector.config), name };
    const className = config['connector.class'] ?? '';
    if (className === '') throw invalid(1, 'connector.class: missing; a name that GET /connector-plugins lists');
    const { plugin } = this.plugins.find(className);
    if (how === 'create' && this.image.find(name) !== undefined) {
      throw new MoldauError('CONNECTOR_EXISTS', `Connector ${name} already exists`, { connector: name });
    }
    const { errorCount, values } = await this.validate(className, config);
    if (errorCount > 0) {
      throw invalid(errorCount, values.flatMap((value) => value.errors.map((error) => `${value.name}: ${error}`)).join('\n'));
    }
    const shared = { name, kind: plugin.kind, config };
    return this.run(how === 'create' ? { t: 'create', ...shared, target } : { t: 'apply', ...shared });
  }

  /** Carried out by the leader, wherever that is. @throws MoldauError REBALANCE_IN_PROGRESS and what the decision refuses */
  async run(command: ConnectCommand): Promise<CommandOutcome> {
    const outcome = (await this.call(command)) as CommandOutcome;
    // The leader has read what it wrote; here it may still be on its way, and the answer is made of it.
    if (outcome.offset !== undefined) await withinTime(this.#configs.reached(outcome.offset), CATCH_UP_MS);
    return outcome;
  }

  offsets(name: string): Promise<readonly OffsetView[]> {
    return readOffsets(this.#place(), this.connector(name));
  }

  /** @throws MoldauError CONNECTOR_NOT_FOUND */
  activeTopics(name: string): readonly string[] {
    return this.#status.topics.of(this.connector(name).name);
  }

  resetActiveTopics(name: string): void {
    this.#status.forget(this.activeTopics(name).map((topic) => topicKey(name, topic)));
  }

  /** @throws MoldauError CONNECTOR_NOT_STOPPED, CONNECTOR_OFFSETS_INVALID */
  async changeOffsets(name: string, change: OffsetsChange): Promise<string> {
    await this.#untilIdle(name);
    return (await this.call({ t: 'offsets', name, change: change ?? null })) as string;
  }

  async call(call: InternalCall): Promise<unknown> {
    const leader = this.#leader;
    if (leader !== undefined) return this.serve(call);
    const known = this.image.leader;
    if (known === undefined || known.workerId === this.options.workerId) {
      throw new MoldauError(
        'REBALANCE_IN_PROGRESS',
        'Cannot complete request momentarily due to stale configuration: the leader is changing',
      );
    }
    return forwardCall(known.restUrl, call);
  }

  /** For calls that another worker forwarded too. @throws MoldauError REBALANCE_IN_PROGRESS when this is not the leader */
  async serve(call: InternalCall): Promise<unknown> {
    const leader = this.#leader;
    if (leader === undefined) {
      throw new MoldauError(
        'REBALANCE_IN_PROGRESS',
        'Cannot complete request because of a conflicting operation: this worker leads no more',
      );
    }
    if (call.t !== 'offsets') return leader.run(call);
    return leader.exclusively(() => this.#alter(call.name, call.change ?? undefined));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isReady = false;
    await this.#member?.close();
    await this.#runs.release([...this.#runs.slots]);
    await this.#leader?.close();
    await this.#status.close();
    await this.#configs.close();
    await this.#moldau.close();
  }

  async #begin(): Promise<void> {
    const { builtIn, pluginPath, logger } = this.options;
    await Promise.all([this.#configs.loaded, this.#status.tail.loaded, this.plugins.load(builtIn, pluginPath)]);
    for (const { plugin, cause } of this.plugins.faults) logger.warn('a plugin can not be used', { plugin, cause });
    this.#isReady = true;
    const member = joinSlots(this.#moldau, this.#names, this.options, {
      gained: (slots) => this.#gained(slots),
      losing: (slots) => this.#losing(slots),
      lost: (slots) => this.#losing(slots),
    });
    this.#member = member;
    for (const ended of [member.run(), this.#configs.failed, this.#status.tail.failed]) {
      ended.catch((error: unknown) => {
        if (!this.#isClosed) this.#failed.reject(error);
      });
    }
  }

  #take(key: string, value: string | null): void {
    try {
      const record = decodeConfigRecord(key, value);
      if (record !== undefined) this.image.apply(record);
    } catch (error) {
      this.options.logger.error('a record of the configs topic is passed over', { key, error });
    }
    if (this.#isReconciling || !this.#isReady) return;
    this.#isReconciling = true;
    // Once for all records of a transaction, which arrive together.
    setImmediate(() => {
      this.#isReconciling = false;
      if (!this.#isClosed) this.#reconcile();
    });
  }

  async #gained(slots: readonly number[]): Promise<void> {
    if (slots.includes(LEADER_SLOT)) {
      const { workerId, restUrl } = this.options;
      const worker = { workerId, restUrl };
      const leader = new Leader({
        moldau: this.#moldau,
        names: this.#names,
        worker,
        image: this.image,
        statuses: this.statuses,
        configs: this.#configs,
      });
      // Commands wait for it; the slots do not.
      leader.ready().then(
        () => this.options.logger.info('this worker leads'),
        (error: unknown) => this.options.logger.error('this worker can not lead yet', { error }),
      );
      this.#leader = leader;
    }
    this.#runs.hold(slots);
    this.#tidy();
    return Promise.resolve();
  }

  #reconcile(): void {
    this.#runs.reconcile();
    this.#tidy();
  }

  /** Statuses that a dead worker left, and nobody else will end. */
  #tidy(): void {
    const { image, topics } = this.#status;
    const facts = { image: this.image, statuses: image, topics, held: this.#runs.slots, running: this.#runs.keys };
    const keys = staleKeys(facts);
    if (keys.length > 0) this.#status.forget(keys);
  }

  async #losing(slots: readonly number[]): Promise<void> {
    const leader = slots.includes(LEADER_SLOT) ? this.#leader : undefined;
    if (leader !== undefined) this.#leader = undefined;
    await Promise.all([leader?.close(), this.#runs.release(slots)]);
  }

  #generation(run: WantedRun): { readonly workerId: string; readonly revision: number; readonly epoch: number } {
    return { workerId: this.options.workerId, revision: run.revision, epoch: this.#member?.epoch ?? 0 };
  }

  #left(run: WantedRun, cause: 'deleted' | 'stopped' | 'moved'): void {
    this.#metrics.forget(run);
    if (cause === 'moved') this.#status.tell(run, { ...this.#generation(run), state: 'UNASSIGNED', sinceMs: Date.now() });
    else this.#status.forget([runKey(run)]);
  }

  #jobOf(run: WantedRun): ThreadJob {
    const { bootstrap, namespace, groupId, keyConverter, valueConverter, headerConverter, exactlyOnceSource } = this.options;
    const { connector, kind, config, task, settings, target } = run;
    const { module } = this.plugins.find(config['connector.class'] ?? '');
    const shared = {
      module,
      access: { bootstrap, namespace },
      groupId,
      connector,
      kind,
      config,
      defaults: { keyConverter, valueConverter, headerConverter },
      exactlyOnce: exactlyOnceSource,
    };
    return task === undefined ? { t: 'plan', ...shared } : { t: 'task', ...shared, task, settings, paused: target === 'PAUSED' };
  }

  /** The leader may be changing: told again until it is done, or the plan is of no interest any more. */
  async #planned(run: WantedRun, tasks: readonly JsonObject[], watches: boolean): Promise<void> {
    const { connector: name, configRevision } = run;
    for (;;) {
      if (this.#isClosed || this.image.find(name) === undefined || !this.#runs.slots.has(run.slot)) return;
      try {
        await this.run({ t: 'plan', name, configRevision, tasks, watches });
        return;
      } catch (caught) {
        const error = MoldauError.from(caught);
        const isFinal = isErrorName(error.reason) && !error.retriable && error.certainty === 'definite';
        this.options.logger.warn('a plan could not be told to the leader', { connector: name, error: error.message });
        if (isFinal) return;
        await new Promise((resolve) => setTimeout(resolve, PLAN_RETRY_MS));
      }
    }
  }

  #isBusy(name: string): boolean {
    return this.statuses.keysOf(name).some((key) => key.startsWith('task/'));
  }

  /** Tasks of a connector that was just stopped may take a moment to end. */
  async #untilIdle(name: string): Promise<void> {
    const deadline = performance.now() + STOPPING_MAX_MS;
    const isStopping = (): boolean => this.connector(name).target === 'STOPPED' && this.#isBusy(name);
    while (isStopping() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, STOPPING_POLL_MS));
  }

  async #alter(name: string, change: OffsetsChange): Promise<string> {
    const entry = this.connector(name);
    if (entry.target !== 'STOPPED' || this.#isBusy(name)) {
      const message = `Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector by issuing a 'PUT' request to the '/connectors/${name}/stop' endpoint`;
      throw new MoldauError('CONNECTOR_NOT_STOPPED', message, { connector: name });
    }
    return changeOffsets(this.#place(), entry, change);
  }

  #place(): { readonly moldau: Moldau; readonly names: WorkerClusterNames; readonly groupId: string } {
    return { moldau: this.#moldau, names: this.#names, groupId: this.options.groupId };
  }
}

function withinTime(work: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void work.finally(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function invalid(count: number, list: string): MoldauError {
  const message = `Connector configuration is invalid and contains the following ${count} error(s):\n${list}\nYou can also find the above list of errors at the endpoint \`/connector-plugins/{connectorType}/config/validate\``;
  return new MoldauError('CONNECTOR_CONFIG_INVALID', message, { errors: String(count) });
}
