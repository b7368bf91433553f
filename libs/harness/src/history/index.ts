/** Histories and their checker, without what starts processes. */
export { ANOMALY_NAMES, type Anomaly, type AnomalyName, type Workload } from './anomaly.ts';
export { checkHistory, type LogAnomaly } from './check-history.ts';
export { checkOps, createChecker, type HistoryChecker, type HistoryVerdict } from './check-ops.ts';
export { createHistory, type History, type Read, type Send, type SendOutcome, type SendRecorder } from './history.ts';
export { checkHistoryFile, type HistoryWriter, readHistory, writeHistory } from './history-file.ts';
export type { Op } from './op.ts';
export { type Assigned, createRecorder, type OpRecorder } from './op-recorder.ts';
export { identityOf, keyOf, uniqueValue, type ValueIdentity } from './unique-value.ts';
