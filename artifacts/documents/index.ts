export { type ComposedDocument, composeDocument, storeDocument } from './compose-document.ts'
export { allEntries, type DocumentForm, type OpenDocument, openDocument, type PlacedEntry } from './open-document.ts'
export { type DocumentPage, type DocumentReference, pagesSchema } from './paged-document.ts'
export { type SpoolFolder, withSpool } from './spool.ts'
