/**
 * Rules that the model can break, each of which a run must show: a batch appended that the coordinator did not verify; a
 * marker of an older epoch that ends what is open; markers sent before their decision is committed; a coordinator that
 * forgets what is under way when it restarts.
 */
export const PLANTED_BUGS = ['no-verification', 'old-marker-decides', 'marker-before-commit', 'ongoing-in-memory-only'] as const;

export type PlantedBug = (typeof PLANTED_BUGS)[number];
