import type { Upcaster } from './upcast.ts'

/** The steps that bring old events to their present form, for every log that the service opens. Each event is at its first. */
export const upcasters: readonly Upcaster[] = []
