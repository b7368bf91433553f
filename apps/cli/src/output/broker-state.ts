import type { DescribedBroker } from '@moldau/client';

/** How a broker is, in words: `unfenced`, or `fenced`, what operators ask of it, and whether its disk is slow. */
export function brokerState(broker: Pick<DescribedBroker, 'fenced' | 'cordoned' | 'draining' | 'shuttingDown' | 'slowDisk'>): string {
  const { fenced, cordoned, draining, shuttingDown, slowDisk } = broker;
  const said = [shuttingDown && !fenced ? 'stopping' : '', draining ? 'draining' : cordoned ? 'cordoned' : '', slowDisk ? 'slow disk' : ''];
  return [fenced ? 'fenced' : 'unfenced', ...said].filter((word) => word !== '').join(', ');
}
