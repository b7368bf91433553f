/** How a client is started, with the parameters that come before those of the conversation; or why there is none. */
export type ForeignClient =
  | { readonly kind: 'built'; readonly command: string; readonly parameters: readonly string[] }
  | { readonly kind: 'missing'; readonly reason: string };
