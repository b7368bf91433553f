import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Read } from '@moldau/harness';
import { batchesIn, crc32c, hasValidCrc, readBatch } from '@moldau/records';

const SEGMENT = /^\d{20}\.log$/;

/** What the files of a replica hold, whatever their segments are. */
export interface ReplicaContent {
  readonly bytes: number;
  readonly checksum: number;
}

/** One replica's log of one partition, in the data directory of its broker. */
export function replicaDirectory(dataDirectory: string, topicId: string, partition: number): string {
  return join(dataDirectory, 'topics', topicId, String(partition));
}

/** The bytes of all segments, one after the other. */
export function contentOf(directory: string): ReplicaContent {
  let bytes = 0;
  let checksum = 0;
  for (const content of segments(directory)) {
    bytes += content.length;
    checksum = crc32c(content, checksum);
  }
  return { bytes, checksum };
}

/**
 * The records of a replica whose broker has stopped, segment by segment, read without the code that wrote them; reports checksums
 * that are wrong, holes, and bytes that are no batch.
 */
export function* readReplica(directory: string, partition: number, report: (finding: string) => void): Generator<readonly Read[]> {
  let next = 0;
  for (const content of segments(directory)) {
    const reads: Read[] = [];
    let parsed = 0;
    for (const { position, sizeInBytes } of batchesIn(content)) {
      parsed = position + sizeInBytes;
      if (!hasValidCrc(content, position, sizeInBytes)) report(`${directory}: bad checksum of the batch before offset ${next}`);
      for (const { offset, value } of readBatch(content, position)) {
        if (offset !== next) report(`${directory}: offset ${offset} where ${next} was next`);
        next = offset + 1;
        reads.push({ partition, offset, value: value === null ? null : value.slice() });
      }
    }
    if (parsed !== content.length) report(`${directory}: ${content.length - parsed} bytes behind the batch before offset ${next}`);
    yield reads;
  }
}

function* segments(directory: string): Generator<Buffer> {
  const names = readdirSync(directory).filter((name) => SEGMENT.test(name));
  for (const name of names.sort()) yield readFileSync(join(directory, name));
}
