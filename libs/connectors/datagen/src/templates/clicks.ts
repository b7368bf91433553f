import type { StructSchema } from '@moldau/connect';
import type { Template } from '../template.ts';

const USERS = 5_000;
const PAGES = ['/', '/search', '/product', '/cart', '/checkout', '/help', '/account'] as const;
const BROWSERS = ['Firefox', 'Chrome', 'Safari', 'Edge'] as const;

const schema: StructSchema = {
  type: 'struct',
  name: 'moldau.datagen.Click',
  fields: [
    { name: 'user_id', schema: { type: 'string' } },
    { name: 'session', schema: { type: 'string' } },
    { name: 'page', schema: { type: 'string' } },
    { name: 'browser', schema: { type: 'string' } },
    { name: 'duration_ms', schema: { type: 'int32' } },
    { name: 'clicked_at', schema: { type: 'timestamp' } },
  ],
};

/** Clicks on the pages of a shop; the key is the user. */
export const clicks: Template = {
  create: (_number, dice, timestampMs) => {
    const user = `user-${dice.below(USERS)}`;
    const value = {
      user_id: user,
      session: `${user}-${dice.below(20)}`,
      page: dice.skewed(PAGES),
      browser: dice.skewed(BROWSERS),
      duration_ms: dice.below(30_000),
      clicked_at: timestampMs,
    };
    return { key: { schema: { type: 'string' }, value: user }, value: { schema, value } };
  },
};
