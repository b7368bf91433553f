import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { FieldError } from '@moldau/connect';
import { failureOf, isRetriable, refusalOf } from './s3-failure.ts';
import type { S3SinkConfig } from './s3-sink-config.ts';

/** Tries of the SDK for one request; the worker's back-off comes after them. */
const ATTEMPTS_MAX = 2;
const CONNECT_TIMEOUT_MS = 5_000;
/** Longest wait for an answer that only cleans up, or tells of mistakes. */
const SHORT_TIMEOUT_MS = 10_000;
const CREDENTIAL_CODES: ReadonlySet<string> = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'CredentialsProviderError']);

/** A part that the store has. */
export interface StoredPart {
  readonly number: number;
  readonly tag: string;
}

/** One bucket. Its operations throw RetriableError when they may succeed later, and Error when they never will. */
export class S3Store {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #endpoint: string;
  readonly #type: string;

  constructor(config: S3SinkConfig) {
    const { 'aws.access.key.id': accessKeyId, 'aws.secret.access.key': secret, 'store.url': endpoint, 's3.region': region } = config;
    this.#bucket = config['s3.bucket.name'];
    this.#endpoint = endpoint ?? `AWS ${region}`;
    this.#type = config['s3.compression.type'] === 'gzip' ? 'application/gzip' : 'application/x-ndjson';
    this.#client = new S3Client({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(accessKeyId === undefined ? {} : { credentials: { accessKeyId, secretAccessKey: secret?.reveal() ?? '' } }),
      forcePathStyle: config['s3.path.style.access.enabled'],
      maxAttempts: ATTEMPTS_MAX,
      requestHandler: {
        requestTimeout: config['request.timeout.ms'],
        throwOnRequestTimeout: true,
        connectionTimeout: Math.min(CONNECT_TIMEOUT_MS, config['request.timeout.ms']),
      },
    });
  }

  /** What is wrong with the settings, as far as reading can tell. */
  async complaints(signal: AbortSignal): Promise<readonly FieldError[]> {
    const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(SHORT_TIMEOUT_MS)]);
    try {
      await this.#client.send(new ListObjectsV2Command({ Bucket: this.#bucket, MaxKeys: 1 }), { abortSignal });
      return [];
    } catch (error) {
      const refusal = refusalOf(error);
      // One who may write need not be allowed to list.
      if (refusal.code === 'AccessDenied') return [];
      const isCredentials = CREDENTIAL_CODES.has(refusal.code);
      const field = isCredentials ? 'aws.access.key.id' : isRetriable(refusal) ? 'store.url' : 's3.bucket.name';
      return [{ field, message: failureOf('list', this.#place(''), error).message }];
    }
  }

  /** Writes a whole object, over what may be there. */
  async put(key: string, body: Uint8Array, abortSignal: AbortSignal): Promise<void> {
    const input = { Bucket: this.#bucket, Key: key, Body: body, ContentType: this.#type };
    await this.#named('put', key, () => this.#client.send(new PutObjectCommand(input), { abortSignal }));
  }

  /** Begins an object of many parts; answers its upload id. */
  async begin(key: string, abortSignal: AbortSignal): Promise<string> {
    const input = { Bucket: this.#bucket, Key: key, ContentType: this.#type };
    const { UploadId } = await this.#named('begin', key, () => this.#client.send(new CreateMultipartUploadCommand(input), { abortSignal }));
    if (UploadId === undefined) throw new Error(`begin of ${this.#place(key)}: the answer has no upload id`);
    return UploadId;
  }

  /** Sends a part, over the one that has the number. */
  async part(upload: { key: string; id: string; number: number }, body: Uint8Array, abortSignal: AbortSignal): Promise<StoredPart> {
    const { key, id, number } = upload;
    const input = { Bucket: this.#bucket, Key: key, UploadId: id, PartNumber: number, Body: body };
    const { ETag } = await this.#named(`part ${number}`, key, () => this.#client.send(new UploadPartCommand(input), { abortSignal }));
    if (ETag === undefined) throw new Error(`part ${number} of ${this.#place(key)}: the answer has no ETag`);
    return { number, tag: ETag };
  }

  /** Makes the parts an object, over what may be there. */
  async complete(key: string, id: string, stored: { parts: readonly StoredPart[]; signal: AbortSignal }): Promise<void> {
    const Parts = stored.parts.map(({ number, tag }) => ({ PartNumber: number, ETag: tag }));
    const input = { Bucket: this.#bucket, Key: key, UploadId: id, MultipartUpload: { Parts } };
    await this.#named('completion', key, () =>
      this.#client.send(new CompleteMultipartUploadCommand(input), { abortSignal: stored.signal }),
    );
  }

  /** Gives up an object of many parts; its parts cost money until then. */
  async abandon(key: string, id: string): Promise<void> {
    const abortSignal = AbortSignal.timeout(SHORT_TIMEOUT_MS);
    const input = { Bucket: this.#bucket, Key: key, UploadId: id };
    await this.#named('abort', key, () => this.#client.send(new AbortMultipartUploadCommand(input), { abortSignal }));
  }

  close(): void {
    this.#client.destroy();
  }

  async #named<T>(operation: string, key: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw failureOf(operation, this.#place(key), error);
    }
  }

  #place(key: string): string {
    return `s3://${this.#bucket}/${key} at ${this.#endpoint}`;
  }
}
