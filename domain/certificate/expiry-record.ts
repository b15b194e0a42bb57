/** How many days before a certificate's end there are warnings. */
export const expiryWarningDays = [60, 30, 14, 7, 1] as const

/** One of {@link expiryWarningDays}. */
export type ExpiryWarningDays = (typeof expiryWarningDays)[number]

/** What was said already of the end of the certificate in use. */
export type ExpiryRecord = {
  /** The least number of days that was warned of; `null` before the first warning. */
  readonly warnedDays: ExpiryWarningDays | null
  readonly expired: boolean
}

/** Before anything was said. */
export const nothingSaid: ExpiryRecord = { warnedDays: null, expired: false }
