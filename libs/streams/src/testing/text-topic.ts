import { serdes } from '@moldau/client/serdes';

/** Topics of text, as most specs use them. */
export const TEXT = { key: serdes.string, value: serdes.string } as const;
