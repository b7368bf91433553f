import { serdes } from '@moldau/client/serdes';

/** A flight as the quickstart writes it to the topic `flights`. */
export interface Flight {
  /** Of the departure: `2001/01/01 00:47`. */
  readonly date: string;
  /** Minutes late; negative when early. */
  readonly delay: number;
  /** Miles. */
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

/** Departure in ms since the Unix epoch, taking the text for UTC. NaN for other texts: such a record has no usable time. */
export function departureMs({ date }: Flight): number {
  return Date.parse(`${date.replaceAll('/', '-').replace(' ', 'T')}:00Z`);
}

/** How the topic `flights` is read: with the departure as the time of each record. */
export const flightSource = { key: serdes.string, value: serdes.json<Flight>(), timestamp: departureMs };
