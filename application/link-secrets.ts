import { randomUUID } from 'node:crypto'
import { type LinkSecretChange, type LinkSecretId, linkInvalid, type OrganizationId } from '../domain/index.ts'
import type { KeptSecret, KeptSecretPlace } from './kept-secrets.ts'

/** A secret of a link, as whoever makes or changes the link gives it. */
export type GivenLinkSecret = {
  /** What the kind of build system calls it: `apiKey`. */
  readonly name: string
  /** `null`: there is to be none any more. */
  readonly value: string | null
}

/** So many characters a secret may have. */
const longest = 8_192

/**
 * Checks the texts of secrets, and gives each an id under which it is to be kept. It goes into headers and checks: one line of
 * visible characters of ASCII.
 *
 * @throws Refusal `ORIGIN_LINK_INVALID`; it never holds the text
 */
export function newLinkSecrets(
  organizationId: OrganizationId,
  given: readonly GivenLinkSecret[],
): { readonly changes: readonly LinkSecretChange[]; readonly kept: readonly KeptSecret[] } {
  const kept: KeptSecret[] = []
  const changes = given.map(({ name, value }): LinkSecretChange => {
    if (value === null) return { name, secretId: null }
    const secretId = randomUUID() as LinkSecretId
    kept.push({ place: linkSecretPlace(organizationId, secretId), text: checked(name, value) })
    return { name, secretId }
  })
  return { changes, kept }
}

/** Where a secret of a link is kept. */
export function linkSecretPlace(organizationId: OrganizationId, id: LinkSecretId): KeptSecretPlace {
  return { organizationId, purpose: 'buildSystemSecret', id }
}

function checked(name: string, value: string): string {
  if (value.length <= longest && /^[!-~]+(?: +[!-~]+)*$/.test(value)) return value
  const field = `secrets.${name.slice(0, 60)}`
  throw linkInvalid(
    [
      `${field}: a secret has 1 to ${longest} visible characters of ASCII in one line, without spaces around them; this one has ${value.length} characters`,
    ],
    field,
  )
}
