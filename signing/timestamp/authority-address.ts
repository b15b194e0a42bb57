import { SigningError } from '../signing-error.ts'

/** An authority's address, with what must not be shown taken apart. */
export interface AuthorityAddress {
  /** Where to POST; may have a secret in its query. */
  readonly url: string
  /** `Authorization` header made of the user and password in the configured address. */
  readonly authorization: string | undefined
  /** The address for messages: no user, password or query. */
  readonly place: string
}

/**
 * Reads the address of an authority.
 *
 * @throws SigningError `TIMESTAMP_URL_INVALID`
 */
export function authorityAddress(url: string): AuthorityAddress {
  const parsed = URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new SigningError(
      'TIMESTAMP_URL_INVALID',
      'The address of a time-stamp authority must be absolute and begin with http:// or https://.',
    )
  const { username, password } = parsed
  // `fetch` takes no credentials in an address, and shows them in the error that says so.
  parsed.username = ''
  parsed.password = ''
  const authorization =
    username === '' && password === ''
      ? undefined
      : `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`
  return { url: parsed.href, authorization, place: placeOf(parsed) }
}

/** Whether an authority that repeats in its answer what it was asked could repeat a secret. */
export function holdsSecrets({ url, authorization }: AuthorityAddress): boolean {
  return new URL(url).search !== '' || authorization !== undefined
}

/** An address for messages: no user, password or query. */
export function placeOf(url: URL): string {
  return `${url.origin}${url.pathname}`
}

function decoded(component: string): string {
  try {
    return decodeURIComponent(component)
  } catch {
    return component
  }
}
