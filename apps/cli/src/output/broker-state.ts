import type { DescribedBroker } from '@moldau/client';

/** How a broker is, in words: `unfenced`, or `fenced`, and what operators ask of it. */
export function brokerState(broker: Pick<DescribedBroker, 'fenced' | 'cordoned' | 'draining' | 'shuttingDown'>): string {
  const { fenced, cordoned, draining, shuttingDown } = broker;
  const said = [shuttingDown && !fenced ? 'stopping' : '', draining ? 'draining' : cordoned ? 'cordoned' : ''];
  return [fenced ? 'fenced' : 'unfenced', ...said].filter((word) => word !== '').join(', ');
}
