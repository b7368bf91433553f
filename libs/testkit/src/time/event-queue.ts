/** Something to happen at a moment of virtual time. */
export interface SimEvent {
  readonly timeMs: number;
  /** Order of creation: decides between events of one moment. */
  readonly sequence: number;
  readonly background: boolean;
  cancelled: boolean;
  readonly callback: () => void;
}

/** A binary heap: the earliest event first, of one moment the first created. */
export class EventQueue<Event extends SimEvent> {
  readonly #heap: Event[] = [];

  get first(): Event | undefined {
    return this.#heap[0];
  }

  push(event: Event): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Event;
      if (before(above, event)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  shift(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child = right < heap.length && before(heap[right] as Event, heap[left] as Event) ? right : left;
      const below = heap[child] as Event;
      if (before(last, below)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function before(one: SimEvent, other: SimEvent): boolean {
  return one.timeMs !== other.timeMs ? one.timeMs < other.timeMs : one.sequence < other.sequence;
}
