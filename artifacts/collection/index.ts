export { type Collection, type CollectionOptions, collectArtifacts } from './collect-artifacts.ts'
export type { NamingEvent, NamingLog } from './name-index.ts'
