import type { Read } from '@moldau/harness/history';
import { batchesIn, crc32c, hasValidCrc, readBatch } from '@moldau/records';
import type { SimDisk } from '@moldau/testkit';
import { DATA_DIRECTORY } from '../world/broker-node.ts';
import type { Findings } from './findings.ts';

/** One replica's log, as its files hold it. */
export interface ReplicaLog {
  readonly reads: readonly Read[];
  readonly endOffset: number;
  /** Checksum over all bytes of all batches. */
  readonly checksum: number;
}

const SEGMENT = /\/(\d+)\/\d{20}\.log$/;

/** Reads the files of one replica of one topic without the code that wrote them; for a broker that has stopped cleanly. */
export function readReplica(disk: SimDisk, topicId: string, partition: number, findings: Findings): ReplicaLog {
  const directory = `${DATA_DIRECTORY}/topics/${topicId}/${partition}/`;
  const paths = disk.paths().filter((path) => path.startsWith(directory) && SEGMENT.test(path));
  const reads: Read[] = [];
  let endOffset = 0;
  let checksum = 0;
  for (const path of paths) {
    const bytes = disk.contents(path);
    let parsed = 0;
    for (const { position, sizeInBytes } of batchesIn(bytes)) {
      parsed = position + sizeInBytes;
      findings.expect(hasValidCrc(bytes, position, sizeInBytes), 'bad-crc', () => `${path} at ${position}`);
      for (const { offset, value } of readBatch(bytes, position)) {
        findings.expect(offset === endOffset, 'hole', () => `${path}: offset ${offset} where ${endOffset} was next`);
        endOffset = offset + 1;
        reads.push({ partition, offset, value: value === null ? null : value.slice() });
      }
    }
    findings.expect(parsed === bytes.length, 'torn-segment', () => `${path}: ${bytes.length - parsed} bytes behind the last batch`);
    checksum = crc32c(bytes, checksum);
  }
  return { reads, endOffset, checksum };
}
