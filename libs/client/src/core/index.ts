/** The SDK on ports of the caller's own, for simulated worlds: programs use `createMoldau`. */
export { parseClientOptions } from './client-options.ts';
export { Moldau } from './moldau.ts';
