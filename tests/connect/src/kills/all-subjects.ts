import type { KillSubject } from './kill-subject.ts';
import { datagenSource } from './subjects/datagen-source.ts';
import { fileSource } from './subjects/file-source.ts';
import { postgresSink } from './subjects/postgres-sink.ts';
import { postgresSource } from './subjects/postgres-source.ts';

/** All there are, by name. */
export const SUBJECTS: readonly KillSubject[] = [datagenSource, fileSource, postgresSink, postgresSource];
