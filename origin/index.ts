export type * from './connector.ts'
export type * from './http-api.ts'
export * from './origin-error.ts'
export * from './secret.ts'
