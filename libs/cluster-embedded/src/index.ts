export { createEmbeddedMetadataStore, type EmbeddedStoreDeps, type EmbeddedStoreOptions } from './embedded-metadata-store.ts';
