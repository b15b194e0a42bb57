export * from './page.ts'
export * from './read-model.ts'
export * from './views.ts'
