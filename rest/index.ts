export { type Problem, problemErrorHandler, problemOf } from './problem.ts'
export { type RestOptions, registerRest } from './register.ts'
