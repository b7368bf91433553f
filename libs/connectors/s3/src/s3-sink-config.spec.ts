import { describe, expect, it } from 'vitest';
import { s3SinkConfig } from './s3-sink-config.ts';

describe('settings of the S3 sink', () => {
  it('need no more than a bucket', () => {
    expect(s3SinkConfig.parse({ 's3.bucket.name': 'logs' })).toMatchObject({ ok: true });
  });

  it.each<[Record<string, string>, string, string]>([
    [{ 's3.bucket.name': 'Logs' }, 's3.bucket.name', '"Logs" is no name of a bucket'],
    [{ 'store.url': 'ftp://x' }, 'store.url', '"ftp://x" is no http or https URL'],
    [{ 'store.url': 'http://u:p@x' }, 'store.url', 'the URL holds a password; give it as aws.secret.access.key'],
    [{ 'path.format': 'yyyy//MM' }, 'path.format', 'an empty folder in the pattern'],
    [{ 'topics.dir': '/a' }, 'topics.dir', '"/a" is no prefix of keys'],
    [{ partitioner: 'field' }, 'partition.field.name', 'missing; partitioner=field needs it'],
    [{ 'partition.field.name': 'a' }, 'partition.field.name', 'has no meaning with partitioner=none'],
    [{ 'aws.access.key.id': 'a' }, 'aws.secret.access.key', 'missing; aws.access.key.id needs it'],
    [{ 'aws.secret.access.key': 'a' }, 'aws.access.key.id', 'missing; aws.secret.access.key needs it'],
  ])('refuse %o', (settings, field, message) => {
    const parsed = s3SinkConfig.parse({ 's3.bucket.name': 'logs', ...settings });
    expect(parsed.ok ? [] : parsed.errors).toEqual([{ field, message }]);
  });
});
