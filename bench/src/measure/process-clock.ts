const NS_PER_MS = 1e6;

/** Milliseconds on a clock that all processes of this machine share. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / NS_PER_MS;
}
