export * from './checks.ts'
export * from './file-name.ts'
export * from './read-answer.ts'
export * from './refs.ts'
