export { type MinioOptions, type MinioServer, startMinio, whyNoMinio } from './minio.ts';
export { type PostgresServer, startPostgres, whyNoPostgres } from './postgres.ts';
