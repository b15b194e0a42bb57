import { z } from 'zod'

/**
 * A moment of an input (RFC 3339), with whatever offset. It is read as events say theirs, in UTC and to the millisecond: moments are
 * compared as texts.
 */
export const momentSchema = z.iso
  .datetime({
    offset: true,
    error: 'must be a moment such as 2026-01-31T12:00:00Z, or with an offset: +01:00, whose + is %2B in a URL',
  })
  .transform((text) => new Date(text).toISOString())
