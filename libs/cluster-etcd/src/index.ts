export type { EtcdAccess, EtcdCredentials } from './etcd-client.ts';
export { createEtcdMetadataStore, type EtcdStoreDeps, type EtcdStoreOptions } from './etcd-metadata-store.ts';
