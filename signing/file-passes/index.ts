/** Passes over whole files in threads: each byte is read once, off the event loop. */
export { FilePasses, type PassOptions, type PassProgress } from './file-passes.ts'
export type { FileDigester, FileDigestion, PassResult, ReadOrder, StartDigestion } from './orders.ts'
