import type { Datum } from '@moldau/connect';
import type { Dice } from './dice.ts';
import { clicks } from './templates/clicks.ts';
import { logs } from './templates/logs.ts';
import { orders } from './templates/orders.ts';

/** A kind of made-up record. */
export interface Template {
  /** Key and value of record `number`. The time is the record's. */
  create(number: number, dice: Dice, timestampMs: number): { readonly key: Datum; readonly value: Datum };
}

export const TEMPLATES = { orders, clicks, logs } as const satisfies Record<string, Template>;
export const TEMPLATE_NAMES = ['orders', 'clicks', 'logs'] as const;
