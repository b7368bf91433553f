import { describe, expect, it } from 'vitest';
import { MoldauError } from './moldau-error.ts';
import { withoutStack } from './without-stack.ts';

describe('an error without a stack', () => {
  it('says all that others say but where it was made', () => {
    const error = withoutStack(() => new MoldauError('NOT_LEADER', 'another leads', { leader: '2' }));
    expect(error).toMatchObject({ reason: 'NOT_LEADER', message: 'another leads', facts: { leader: '2' } });
    expect(error.stack ?? '').not.toContain('without-stack.spec');
    expect(new MoldauError('NOT_LEADER', 'another leads').stack).toContain('without-stack.spec');
  });

  it('leaves the stacks of later errors alone when the making fails', () => {
    const failing = (): MoldauError => {
      throw new TypeError('a bug');
    };
    expect(() => withoutStack(failing)).toThrow('a bug');
    expect(new Error('later').stack).toContain('without-stack.spec');
  });
});
