export * from './artifact-store.ts'
export { openFolderStore } from './folder-store.ts'
export * from './upload-registry.ts'
export * from './uploads.ts'
