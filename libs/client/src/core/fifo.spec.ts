import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fifo } from './fifo.ts';

describe('Fifo', () => {
  it('behaves as an array does', () => {
    const operation = fc.oneof(
      fc.constant('shift' as const),
      fc.nat(3000).map((count) => ({ push: count })),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const fifo = new Fifo<number>();
        const model: number[] = [];
        let next = 0;
        for (const each of operations) {
          const times = each === 'shift' ? 700 : each.push;
          for (let time = 0; time < times; time++) {
            if (each === 'shift') expect(fifo.shift()).toBe(model.shift());
            else {
              fifo.push(next);
              model.push(next++);
            }
          }
          expect([fifo.length, fifo.first, fifo.last]).toEqual([model.length, model[0], model.at(-1)]);
        }
        fifo.filter((item) => item % 2 === 0);
        expect(fifo.drain()).toEqual(model.filter((item) => item % 2 === 0));
      }),
      { numRuns: 30 },
    );
  });
});
