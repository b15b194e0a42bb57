/** Passes over whole files in threads: each byte is read once, off the event loop. */
export { blocksOf, fillBlocking, writeBlocking } from './blocking-files.ts'
export { FilePasses, type ParseLimits, type PassOptions, type PassProgress, usualParseLimits } from './file-passes.ts'
export type {
  DoFileWork,
  FileDigester,
  FileDigestion,
  FileWork,
  PassControl,
  PassResult,
  PlacedBytes,
  ReadOrder,
  StartDigestion,
} from './orders.ts'
