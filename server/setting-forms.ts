import { z } from 'zod'
import { isPlainLine, parseEmailAddress, parseNetwork, Refusal } from '../domain/index.ts'

/** A TCP port; 0 takes a free one. */
export const port = wholeNumber(0, 65_535)
/** A number of bytes, 1 or more. */
export const bytes = wholeNumber(1, Number.MAX_SAFE_INTEGER)
/** Texts: a list in the file, commas between them in the environment. */
export const list = z.union(
  [z.array(z.string()), z.string().transform((text) => text.split(',').map((item) => item.trim()))],
  'must be a list: texts, or one text with commas between',
)
/** `true` or `false`. */
export const yesOrNo = z.preprocess(
  (value) => (value === 'true' ? true : value === 'false' ? false : value),
  z.boolean({ error: 'must be true or false' }),
)
/** An absolute address. */
export const httpUrl = z
  .string()
  .refine(
    (text) => /^https?:\/\/[^\s/]+/.test(text) && URL.canParse(text),
    'must be an absolute http:// or https:// address',
  )
/** A network in CIDR notation, or one address. */
export const network = z.string().transform((text, context) => {
  try {
    return parseNetwork(text)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    context.addIssue({ code: 'custom', message: error.message })
    return z.NEVER
  }
})
/** A mail server: `smtp://host[:port]` for STARTTLS, `smtps://host[:port]` for TLS from the beginning; without user and password. */
export const mailServerSetting = z
  .string()
  .regex(
    /^smtps?:\/\/(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?\/?$/,
    'must be smtp://<host>:<port> or smtps://<host>:<port>; user and password are settings of their own',
  )
  .optional()
/** One mailbox, by the rule for addresses of users. */
export const mailAddress = z.string().refine((text) => {
  try {
    return parseEmailAddress(text) === text
  } catch {
    return false
  }
}, 'must be one address such as signing@example.org, without a name')
/** A line of text without what nobody sees. */
export const plainLine = z.string().min(1).max(100).refine(isPlainLine, 'must be one line without invisible characters')
/** A database: a file of SQLite, or where PostgreSQL is. */
export const databaseAddress = z
  .string()
  .refine(
    (text) => /^sqlite:./.test(text) || isPostgresAddress(text),
    'must be sqlite:<path> or postgres://<address>; user and password with %25 for %, %40 for @, %2F for /',
  )

/** The most bytes of an artifact, by the kind of its source: `KIND=BYTES`, or an object in the file. */
export const sourceLimits = z
  .union(
    [
      z.record(z.string(), bytes),
      list.transform((items) => Object.fromEntries(items.map((item) => /^([^=]*)=?(.*)$/.exec(item)?.slice(1) ?? []))),
    ],
    'must be a list of KIND=BYTES',
  )
  .pipe(
    z.strictObject({
      uploadedFile: bytes.optional(),
      link: bytes.optional(),
      announcedUpload: bytes.optional(),
      buildArtifact: bytes.optional(),
      earlierRequest: bytes.optional(),
    }),
  )

/** An origin as browsers say it (RFC 6454 §7): scheme, host and a port that is not the scheme's own, nothing more. */
export function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  return (url?.protocol === 'http:' || url?.protocol === 'https:') && url.origin === text
}

/** Whether the library can read it: its own errors would come later, and hold the address with the password. */
function isPostgresAddress(text: string): boolean {
  const url = /^postgres(ql)?:\/\/./.test(text) ? URL.parse(text) : null
  try {
    for (const part of [url?.username, url?.password, url?.pathname]) decodeURIComponent(part ?? '')
    return url !== null
  } catch {
    return false
  }
}

/** A whole number as JSON writes it, or in decimal digits. */
export function wholeNumber(minimum: number, maximum: number) {
  const error = `must be a whole number from ${minimum} to ${maximum}`
  return z.preprocess(
    (value) => (typeof value === 'string' && /^[0-9]{1,16}$/.test(value) ? Number(value) : value),
    z.int({ error }).min(minimum, { error }).max(maximum, { error }),
  )
}
