import type { Comparison, Operation, StoredEntry, StoreEvent } from '@moldau/cluster';
import type { ICompare, IEvent, IKeyValue, IRequestOp } from 'etcd3';

/** Ports between our transactions and etcd's messages. */

export function keyBytes(key: string): Buffer {
  return Buffer.from(key, 'latin1');
}

/** The end of the range of all keys with this prefix: its last byte plus one; keys are ASCII, so that never overflows. */
export function prefixEnd(prefix: string): Buffer {
  const end = keyBytes(prefix);
  const last = end.length - 1;
  end.writeUInt8(end.readUInt8(last) + 1, last);
  return end;
}

export function encodeComparison(comparison: Comparison): ICompare {
  const key = keyBytes(comparison.key);
  switch (comparison.kind) {
    case 'absent':
      return { result: 'Equal', target: 'Create', key, create_revision: 0 };
    case 'created-at':
      return { result: 'Equal', target: 'Create', key, create_revision: comparison.revision };
    case 'modified-at':
      return { result: 'Equal', target: 'Mod', key, mod_revision: comparison.revision };
    case 'value':
      return { result: 'Equal', target: 'Value', key, value: Buffer.from(comparison.value) };
  }
}

export function encodeOperation(operation: Operation): IRequestOp {
  switch (operation.kind) {
    case 'put': {
      const lease = operation.lease === undefined ? {} : { lease: operation.lease };
      return { request_put: { key: keyBytes(operation.key), value: Buffer.from(operation.value), ...lease } };
    }
    case 'delete':
      return { request_delete_range: { key: keyBytes(operation.key) } };
    case 'delete-prefix':
      return { request_delete_range: { key: keyBytes(operation.prefix), range_end: prefixEnd(operation.prefix) } };
  }
}

export function decodeEntry(stored: IKeyValue): StoredEntry {
  return {
    key: stored.key.toString('latin1'),
    value: stored.value,
    createRevision: Number(stored.create_revision),
    modRevision: Number(stored.mod_revision),
  };
}

export function decodeEvent(event: IEvent): StoreEvent {
  const { key, value, createRevision, modRevision } = decodeEntry(event.kv);
  return event.type === 'Delete' ? { kind: 'delete', key, modRevision } : { kind: 'put', key, value, createRevision, modRevision };
}
