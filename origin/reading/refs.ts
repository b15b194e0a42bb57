export { type FullRef, readFullRef } from '../../domain/full-ref.ts'
