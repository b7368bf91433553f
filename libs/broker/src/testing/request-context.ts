import { DEFAULT_NAMESPACE } from '@moldau/kernel';
import { ANONYMOUS, type RequestContext } from '../request/request-context.ts';

/** A call of nobody in particular, for specs. */
export const ANY_CONTEXT: RequestContext = {
  path: '/test/Call',
  listener: 'client',
  peer: '10.0.0.1:1234',
  principal: ANONYMOUS,
  namespace: DEFAULT_NAMESPACE,
  clientId: 'reader',
  trace: undefined,
  deadlineMs: undefined,
  signal: new AbortController().signal,
};
