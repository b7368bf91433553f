import { MoldauError } from '@moldau/kernel';
import { groupService, type MembershipRequest, type MembershipResponse, type ServerCall, type ServerStreamEvents } from '@moldau/protocol';
import { MemberSession, type MemberSessionDeps, type MemberSessionEvents, type MembershipFrame } from '../groups/member-session.ts';
import { bidirectional, type RegisteredMethod } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { LongStream, StreamRegistry } from '../request/stream-registry.ts';

export interface MembershipDeps extends MemberSessionDeps {
  readonly streams: StreamRegistry;
}

/**
 * `GroupService.Membership`: one member for as long as its stream lives. How many there may be is bounded by the bounds on
 * streams, of a connection and in all.
 */
export function membershipMethod(deps: MembershipDeps): RegisteredMethod {
  return bidirectional(groupService.membership, (call, context) => new MembershipStream(deps, call, context));
}

class MembershipStream implements ServerStreamEvents<MembershipRequest>, LongStream, MemberSessionEvents {
  readonly #deps: MembershipDeps;
  readonly #call: ServerCall<MembershipResponse>;
  readonly #context: RequestContext;
  #session: MemberSession | undefined;
  #blocked = false;
  /** The newest assignment, which a client that does not read has yet to get: it replaces those before. */
  #held: MembershipFrame | undefined;
  #closed = false;

  constructor(deps: MembershipDeps, call: ServerCall<MembershipResponse>, context: RequestContext) {
    this.#deps = deps;
    this.#call = call;
    this.#context = context;
    deps.streams.add(this);
  }

  message({ frame }: MembershipRequest): void {
    if (this.#closed) return;
    if (frame === undefined) throw new MoldauError('INVALID_REQUEST', 'a message of the stream has no frame', { field: 'frame' });
    if ((frame.$case === 'join') !== (this.#session === undefined)) {
      const facts = { field: 'frame', value: frame.$case };
      throw new MoldauError('INVALID_REQUEST', `a ${frame.$case} message came out of order: exactly the first joins`, facts);
    }
    if (frame.$case !== 'join') {
      this.#session?.hear(frame);
      return;
    }
    this.#session = new MemberSession(this.#deps, frame.value, this.#context, this);
    this.#session.open();
  }

  drained(): void {
    this.#blocked = false;
    this.#call.resume();
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.tell(held);
  }

  ended(): void {
    this.#finish();
  }

  closed(): void {
    this.#closed = true;
    this.#session?.close();
    this.#deps.streams.remove(this);
  }

  tell(frame: MembershipFrame): void {
    if (this.#closed) return;
    if (this.#blocked && frame.$case === 'assignment') this.#held = frame;
    else if (!this.#call.send({ frame })) {
      this.#blocked = true;
      this.#call.pause();
    }
  }

  over(error: MoldauError | undefined): void {
    if (!this.#closed) this.#finish(error);
  }

  goAway(message: string): void {
    if (this.#closed) return;
    this.#call.send({ frame: { $case: 'goAway', value: { message, address: undefined } } });
    this.#finish();
  }

  abandon(): void {
    if (!this.#closed) this.#finish(new MoldauError('SHUTTING_DOWN', 'the broker is stopping', {}));
  }

  #finish(error?: MoldauError): void {
    this.#closed = true;
    this.#session?.close();
    this.#call.close(error);
  }
}
