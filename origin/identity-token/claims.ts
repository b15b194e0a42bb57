import { decodeJwt } from 'jose'

/** What an issuer says in a token, by its names. */
export type TokenClaims = Readonly<Record<string, unknown>>

/**
 * A claim as text: issuers send ids as numbers here and as text there. Undefined for what is absent, `null`, empty, a list or
 * an object; numbers that are not whole, or too large to be exact, are no ids.
 */
export function textClaim(claims: TokenClaims, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  if (typeof value === 'string') return value === '' ? undefined : value
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return undefined
}

/** What a token says of itself, before anything of it is believed; nothing when it cannot be read. */
export function claimsOfText(text: string): TokenClaims {
  try {
    return decodeJwt(text)
  } catch {
    return {}
  }
}
