import { MoldauError } from '@moldau/kernel';

/** The MoldauError that this throws or rejects with; anything else is the test's failure. */
export async function caught(work: () => unknown): Promise<MoldauError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof MoldauError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
