export type { RestOptions } from './operations.ts'
export { type Problem, problemErrorHandler, problemOf } from './problem.ts'
export { registerRest } from './register.ts'
export { registerUnknownPaths } from './unknown-path.ts'
