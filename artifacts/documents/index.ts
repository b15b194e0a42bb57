export { type ComposedDocument, composeDocument, storeDocument } from './compose-document.ts'
export { allEntries, type DocumentForm, openDocument } from './open-document.ts'
export { type DocumentPage, pagesSchema } from './paged-document.ts'
export { type SpoolFolder, withSpool } from './spool.ts'
