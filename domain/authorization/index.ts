export * from './authorize.ts'
export * from './permissions.ts'
export * from './relations.ts'
export * from './roles.ts'
