import type { SimProcess } from '@moldau/testkit';
import { type BrokerNode, DISK_BYTES } from '../world/broker-node.ts';
import type { CoordinatorNode } from '../world/coordinator-node.ts';
import type { World } from '../world/world.ts';
import { describeFault, type Fault, type PlannedFault } from './fault.ts';
import { Operator } from './operator.ts';

/** Ends a fault. */
type End = () => void;

const nothing: End = () => {};

/** Makes faults happen in a world, and ends them: each at its time, or all at once. */
export class FaultInjector {
  readonly #world: World;
  readonly #active = new Set<End>();
  readonly #operator: Operator;
  /** Faults that have begun. */
  begun = 0;

  constructor(world: World) {
    this.#world = world;
    this.#operator = new Operator(world);
  }

  plan(faults: readonly PlannedFault[]): void {
    for (const { atMs, fault } of faults) this.#world.scheduler.after(atMs, () => this.#begin(fault));
  }

  /** Ends every fault, and starts what is down. Nothing may be planned for later. */
  heal(): void {
    this.#world.trace.note('world', 'heals');
    for (const end of [...this.#active]) end();
    for (const node of [...this.#world.coordinators, ...this.#world.brokers]) node.start();
  }

  #begin(fault: Fault): void {
    this.begun++;
    this.#world.trace.note('fault', describeFault(fault));
    const undo = this.#apply(fault);
    const end = (): void => {
      if (!this.#active.delete(end)) return;
      this.#world.trace.note('fault', `${fault.kind} ends`);
      undo();
    };
    this.#active.add(end);
    if ('forMs' in fault) this.#world.scheduler.after(fault.forMs, end);
  }

  #apply(fault: Fault): End {
    switch (fault.kind) {
      case 'kill-broker':
        return this.#down([this.#broker(fault.broker)], (broker) => broker.stop('kill'));
      case 'power-loss':
        return this.#down(
          fault.brokers.map((id) => this.#broker(id)),
          (broker) => broker.stop('power'),
        );
      case 'shutdown-broker':
        return this.#down([this.#broker(fault.broker)], (broker) => void broker.shutdown());
      case 'lose-disk':
        return this.#down([this.#broker(fault.broker)], (broker) => {
          broker.stop('power');
          broker.replaceDisk();
        });
      case 'bit-rot':
        return this.#down([this.#broker(fault.broker)], (broker) => {
          broker.stop('power');
          flipBit(broker, fault.at);
        });
      case 'kill-coordinator':
        return this.#down([this.#coordinator(fault.coordinator)], (coordinator) => coordinator.stop());
      case 'kill-client':
        return this.#down([this.#world.client(fault.client)], (client) => client.stop());
      case 'pause':
        return pause(this.#world.processOf(fault.node));
      case 'clock-jump':
        this.#world.processOf(fault.node)?.clock.jumpWall(fault.byMs);
        return nothing;
      case 'sync-fails':
        return this.#syncFails(this.#broker(fault.broker), fault.nth);
      case 'disk-full':
        return fillDisk(this.#broker(fault.broker), fault.leftBytes);
      case 'slow-disk':
        return this.#slowDisk(this.#broker(fault.broker), fault.extraMs);
      case 'slow-proposals':
        return this.#slowProposals(fault.extraMs);
      case 'delay':
      case 'partition':
      case 'reset':
        return this.#network(fault);
      case 'store-outage':
      case 'store-loss':
      case 'compact-store':
        return this.#store(fault);
      case 'reassign':
      case 'cancel-reassignment':
      case 'drain-broker':
      case 'elect-preferred':
        return this.#operate(fault);
    }
  }

  #operate(fault: Extract<Fault, { readonly kind: 'reassign' | 'cancel-reassignment' | 'drain-broker' | 'elect-preferred' }>): End {
    switch (fault.kind) {
      case 'reassign':
        this.#operator.reassign(fault.partition, fault.replicas);
        return nothing;
      case 'cancel-reassignment':
        this.#operator.reassign(fault.partition, 'cancel');
        return nothing;
      case 'drain-broker':
        return this.#operator.drain(fault.broker);
      case 'elect-preferred':
        this.#operator.electPreferred();
        return nothing;
    }
  }

  #network(fault: Extract<Fault, { readonly kind: 'delay' | 'partition' | 'reset' }>): End {
    const { network, cuts } = this.#world;
    switch (fault.kind) {
      case 'reset':
        network.reset(fault.one, fault.other);
        return nothing;
      case 'delay':
        return this.#world.slowDown(fault.node, fault.extraMs);
      case 'partition': {
        const ways = fault.from.flatMap((from) =>
          fault.to.flatMap((to) => [[from, to] as const, ...(fault.both ? [[to, from] as const] : [])]),
        );
        for (const [from, to] of ways) cuts.cut(from, to);
        return () => {
          for (const [from, to] of ways) cuts.mend(from, to);
        };
      }
    }
  }

  #store(fault: Extract<Fault, { readonly kind: 'store-outage' | 'store-loss' | 'compact-store' }>): End {
    switch (fault.kind) {
      case 'compact-store':
        this.#world.store.compact();
        return nothing;
      case 'store-outage': {
        const links = fault.coordinators.flatMap((number) => this.#coordinator(number).storeFaults ?? []);
        for (const link of links) link.partitioned = true;
        // A coordinator that died meanwhile has another link now: the old one stays cut.
        return () => {
          for (const { storeFaults } of this.#world.coordinators)
            if (storeFaults !== undefined && links.includes(storeFaults)) storeFaults.partitioned = false;
        };
      }
      case 'store-loss': {
        const link = this.#coordinator(fault.coordinator).storeFaults;
        if (link === undefined) return nothing;
        Object.assign(link, { requestLoss: fault.share, answerLoss: fault.share, watchDelayMs: fault.watchDelayMs });
        return () => void Object.assign(link, { requestLoss: 0, answerLoss: 0, watchDelayMs: 0 });
      }
    }
  }

  #down<Node extends { start(): void }>(nodes: readonly Node[], stop: (node: Node) => void): End {
    for (const node of nodes) stop(node);
    return () => {
      for (const node of nodes) node.start();
    };
  }

  #syncFails(broker: BrokerNode, nth: number): End {
    const { disk } = broker;
    broker.needsReboot = true;
    disk.faults.inject({ operation: 'sync', nth });
    return () => {
      // Rebooted already, by another fault: what was to fail has gone with the kernel.
      if (broker.disk === disk) broker.reboot();
      broker.start();
    };
  }

  #slowDisk(broker: BrokerNode, extraMs: number): End {
    broker.slowDiskMs += extraMs;
    return () => {
      broker.slowDiskMs -= extraMs;
    };
  }

  #slowProposals(extraMs: number): End {
    const { coordinators } = this.#world;
    for (const coordinator of coordinators) coordinator.slowProposalsMs += extraMs;
    return () => {
      for (const coordinator of coordinators) coordinator.slowProposalsMs -= extraMs;
    };
  }

  #broker(id: number): BrokerNode {
    return this.#world.broker(id);
  }

  #coordinator(number: number): CoordinatorNode {
    return this.#world.coordinator(number);
  }
}

function pause(process: SimProcess | undefined): End {
  process?.pause();
  return () => process?.resume();
}

/** In the first half of its largest log: far below what the last checkpoint knew to be confirmed. */
function flipBit({ disk }: BrokerNode, at: number): void {
  const logs = disk.paths().filter((path) => path.endsWith('.log'));
  const sizes = logs.map((path) => ({ path, size: disk.contents(path).length }));
  const largest = sizes.reduce((best, one) => (one.size > best.size ? one : best), { path: '', size: 0 });
  if (largest.size > 0) disk.corrupt(largest.path, Math.floor((at * largest.size) / 2), 1);
}

/** Somebody else's data takes what is free but for so many bytes. */
function fillDisk(broker: BrokerNode, leftBytes: number): End {
  const { disk } = broker;
  let over = false;
  broker.fills++;
  void disk.space('/').then(({ freeBytes }) => {
    if (!over) disk.capacityBytes -= Math.max(0, freeBytes - leftBytes);
  });
  return () => {
    over = true;
    broker.fills--;
    // What a crash made of the disk has inherited its size.
    if (broker.fills === 0) broker.disk.capacityBytes = DISK_BYTES;
  };
}
