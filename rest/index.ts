export { type Problem, problemErrorHandler, problemOf } from './problem.ts'
export { type RestOptions, registerRest } from './register.ts'
export { registerUnknownPaths } from './unknown-path.ts'
