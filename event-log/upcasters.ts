import type { Upcaster } from './upcast.ts'

/** The steps that bring old events to their present form, for every log that the service opens. Every event and its metadata are at their first. */
export const upcasters: readonly Upcaster[] = []
