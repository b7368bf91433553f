// What the demo and its members agree on.
export const GROUP = 'flight-counters';
export const FLIGHTS = 'flights';
export const COUNTS = 'flight-counts';
