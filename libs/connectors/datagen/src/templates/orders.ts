import type { StructSchema } from '@moldau/connect';
import type { Template } from '../template.ts';

const CUSTOMERS = 10_000;
const PRICE_CENTS_MAX = 50_000;
const ITEMS = ['book', 'lamp', 'chair', 'kettle', 'bicycle', 'tent', 'violin', 'globe'] as const;
const CURRENCIES = ['EUR', 'CZK', 'USD'] as const;

const schema: StructSchema = {
  type: 'struct',
  name: 'moldau.datagen.Order',
  fields: [
    { name: 'order_id', schema: { type: 'int64' } },
    { name: 'customer_id', schema: { type: 'int32' } },
    { name: 'item', schema: { type: 'string' } },
    { name: 'quantity', schema: { type: 'int32' } },
    { name: 'price', schema: { type: 'decimal', scale: 2 } },
    { name: 'currency', schema: { type: 'string' } },
    { name: 'ordered_at', schema: { type: 'timestamp' } },
    { name: 'comment', schema: { type: 'string', optional: true } },
  ],
};

/** Orders of a shop; the key is the order's number. */
export const orders: Template = {
  create: (number, dice, timestampMs) => {
    const value = {
      order_id: number,
      customer_id: dice.below(CUSTOMERS),
      item: dice.skewed(ITEMS),
      quantity: 1 + dice.below(5),
      price: (1 + dice.below(PRICE_CENTS_MAX)).toString().padStart(3, '0').replace(/(..)$/, '.$1'),
      currency: dice.skewed(CURRENCIES),
      ordered_at: timestampMs,
      comment: dice.below(10) === 0 ? `gift no. ${dice.below(100)}` : null,
    };
    return { key: { schema: { type: 'int64' }, value: number }, value: { schema, value } };
  },
};
