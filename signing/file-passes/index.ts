/** Passes over whole files in threads: each byte is read once, off the event loop. */
export { FilePasses, type PassOptions, type PassProgress } from './file-passes.ts'
