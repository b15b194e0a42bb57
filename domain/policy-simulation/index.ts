export * from './past-requests.ts'
export * from './simulate.ts'
