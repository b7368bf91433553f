/** Rows that a scan holds in memory at once. */
export const PAGE_ROWS = 256;

/** A row as SQLite gives it: columns in the order of the SELECT, by which their types are known. */
export type RowOf<Columns extends readonly unknown[]> = Columns;
