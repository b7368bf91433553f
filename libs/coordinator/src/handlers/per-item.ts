import { MoldauError } from '@moldau/kernel';
import { errorToItem, type ItemError } from '@moldau/protocol';
import { ITEMS_MAX } from './request-context.ts';

/** @throws MoldauError INVALID_REQUEST when a request has more items than one may */
export function assertItems(what: string, count: number): void {
  if (count <= ITEMS_MAX) return;
  throw new MoldauError('INVALID_REQUEST', `${count} ${what}: at most ${ITEMS_MAX} are allowed in one request`, {
    count: String(count),
    limit: String(ITEMS_MAX),
  });
}

/** An answer for each item, in their order; an item's failure is its own. */
export async function perItem<Item, Answer>(
  items: readonly Item[],
  handle: (item: Item) => Promise<Answer> | Answer,
  failed: (item: Item, error: ItemError) => Answer,
): Promise<Answer[]> {
  return Promise.all(
    items.map(async (item) => {
      try {
        return await handle(item);
      } catch (error) {
        if (!(error instanceof MoldauError)) throw error;
        return failed(item, errorToItem(error));
      }
    }),
  );
}
