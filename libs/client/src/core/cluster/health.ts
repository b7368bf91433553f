import type { Gauge, MoldauError } from '@moldau/kernel';
import type { ClientSettings } from '../client-options.ts';
import type { ClientPorts } from '../ports.ts';
import type { ClientHealth, ClientStatus, PartitionRole } from '../status.ts';
import { Outages } from './outages.ts';

export interface BrokerSubject {
  readonly brokerId: number;
  /** `host:port`; empty when it is not known. */
  readonly address: string;
}

export interface PartitionSubject {
  readonly role: PartitionRole;
  readonly topic: string;
  readonly partition: number;
}

/** What nobody has tried for this long has left the cluster, or nobody needs it: how it last failed is of no interest. */
const UNTRIED_MS = 600_000;

/** What of the cluster can't be reached now: told to the program as statuses and as gauges, and named in errors. */
export class Health {
  readonly #ports: ClientPorts;
  readonly #settings: ClientSettings;
  readonly #brokers: Outages<BrokerSubject>;
  readonly #partitions: Outages<PartitionSubject>;
  readonly #brokersGauge: Gauge;
  readonly #partitionGauges: Readonly<Record<PartitionRole, Gauge>>;
  #unreachable = 0;
  readonly #unavailable: Record<PartitionRole, number> = { producer: 0, consumer: 0 };
  #connected = false;

  constructor(ports: ClientPorts, settings: ClientSettings) {
    const { clock, scheduler } = ports;
    const { meter, clientId } = settings;
    this.#ports = ports;
    this.#settings = settings;
    const labels = ['client_id'];
    const unreachable = { name: 'moldau_client_unreachable_brokers', help: 'Brokers that have not answered for a second or more.', labels };
    this.#brokersGauge = meter.gauge(unreachable).with(clientId);
    const unavailable = meter.gauge({
      name: 'moldau_client_unavailable_partitions',
      help: 'Partitions that have been tried in vain for a second or more, by who tries: producer or consumer.',
      labels: ['client_id', 'role'],
    });
    this.#partitionGauges = { producer: unavailable.with(clientId, 'producer'), consumer: unavailable.with(clientId, 'consumer') };
    this.#brokers = new Outages(clock, scheduler, {
      began: ({ subject, error }) => this.#brokerChanged({ kind: 'broker-unreachable', ...subject, error }),
      ended: (subject, unreachableMs) => this.#brokerChanged({ kind: 'broker-reachable', ...subject, unreachableMs }),
      dropped: () => this.#countBrokers(-1),
    });
    this.#partitions = new Outages(clock, scheduler, {
      began: ({ subject, error }) => this.#partitionChanged({ kind: 'partition-unavailable', ...subject, error }),
      ended: (subject, unavailableMs) => this.#partitionChanged({ kind: 'partition-available', ...subject, unavailableMs }),
      dropped: ({ role }) => this.#countPartitions(role, -1),
    });
  }

  /** Some broker answers, or none does. */
  set connected(connected: boolean) {
    this.#connected = connected;
  }

  /** Tells the program's listener. What it throws is logged: nothing here must end because of it. */
  tell(status: ClientStatus): void {
    try {
      this.#settings.onStatus(status);
    } catch (caught) {
      this.#ports.logger.error('onStatus failed', { kind: status.kind, error: caught instanceof Error ? caught.message : String(caught) });
    }
  }

  brokerFailed(subject: BrokerSubject, error: MoldauError): void {
    this.#brokers.failed(String(subject.brokerId), subject, error);
  }

  brokerAnswered(brokerId: number): void {
    this.#brokers.recovered(String(brokerId));
  }

  partitionFailed(subject: PartitionSubject, error: MoldauError): void {
    this.#partitions.failed(keyOf(subject), subject, error);
  }

  partitionWorks(subject: PartitionSubject): void {
    this.#partitions.recovered(keyOf(subject));
  }

  /** Nobody uses the partition any more. */
  partitionLeft(subject: PartitionSubject): void {
    this.#partitions.forget(keyOf(subject));
  }

  /** Why each broker that does not answer did not, in the order in which they began to fail. */
  brokerErrors(): readonly { readonly subject: BrokerSubject; readonly error: MoldauError }[] {
    return [...this.#brokers.failing];
  }

  snapshot(): ClientHealth {
    const nowMs = this.#ports.clock.monotonicMs();
    return {
      connected: this.#connected,
      unreachableBrokers: this.#brokers.lasting.map(({ subject, sinceMs, error }) => ({ ...subject, forMs: nowMs - sinceMs, error })),
      unavailablePartitions: this.#partitions.lasting.map(({ subject, sinceMs, error }) => ({ ...subject, forMs: nowMs - sinceMs, error })),
    };
  }

  metadataChanged(): void {
    this.#brokers.forgetUntried(UNTRIED_MS);
    this.#partitions.forgetUntried(UNTRIED_MS);
  }

  close(): void {
    this.#brokers.close();
    this.#partitions.close();
    this.#connected = false;
  }

  #brokerChanged(status: Extract<ClientStatus, { kind: 'broker-unreachable' | 'broker-reachable' }>): void {
    const { kind, brokerId, address } = status;
    if (kind === 'broker-unreachable')
      this.#ports.logger.warn('a broker does not answer', { brokerId, address, error: status.error.message });
    else this.#ports.logger.info('a broker answers again', { brokerId, address });
    this.#countBrokers(kind === 'broker-unreachable' ? 1 : -1);
    this.tell(status);
  }

  #partitionChanged(status: Extract<ClientStatus, { kind: 'partition-unavailable' | 'partition-available' }>): void {
    const { kind, role, topic, partition } = status;
    const place = { role, topic, partition };
    if (kind === 'partition-unavailable')
      this.#ports.logger.warn('a partition is not available', { ...place, error: status.error.message });
    else this.#ports.logger.info('a partition is available again', place);
    this.#countPartitions(role, kind === 'partition-unavailable' ? 1 : -1);
    this.tell(status);
  }

  #countBrokers(change: 1 | -1): void {
    this.#unreachable += change;
    this.#brokersGauge.set(this.#unreachable);
  }

  #countPartitions(role: PartitionRole, change: 1 | -1): void {
    this.#unavailable[role] += change;
    this.#partitionGauges[role].set(this.#unavailable[role]);
  }
}

function keyOf({ role, topic, partition }: PartitionSubject): string {
  return `${role}:${topic}:${partition}`;
}
