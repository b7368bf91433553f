import { expect, it } from 'vitest';
import { Fifo } from './fifo.ts';

it('gives back what was pushed, in order, at any mixture of both', () => {
  const fifo = new Fifo<number>();
  let pushed = 0;
  let shifted = 0;
  for (let round = 0; round < 3000; round++) {
    for (let count = 0; count < round % 7; count++) fifo.push(pushed++);
    for (let count = 0; count < round % 6 && shifted < pushed; count++) expect(fifo.shift()).toBe(shifted++);
  }
  while (shifted < pushed) expect(fifo.shift()).toBe(shifted++);
  expect(fifo.shift()).toBeUndefined();
  fifo.push(1);
  fifo.clear();
  expect(fifo.shift()).toBeUndefined();
});
