import { linkInvalid } from '../origin-refusals.ts'
import { Refusal } from '../refusal.ts'
import { unseenIn, withoutEmoji } from '../text.ts'
import type { LinkSecret, LinkSettings } from './events.ts'

/** So many bytes the settings of one link may have as JSON. */
const mostBytes = 65_536

/** So deep settings may lie in each other. */
const deepest = 20

/** So many secrets a link may have. */
const mostSecrets = 10

/** What the settings of a link take as JSON, in bytes. */
export function linkSettingsSize(settings: LinkSettings): number {
  return new TextEncoder().encode(JSON.stringify(settings)).length
}

/**
 * Checks settings of a link as JSON that every store can hold, and every reader sees whole. What the kind of build system demands of
 * them its connector says.
 *
 * @throws Refusal `ORIGIN_LINK_INVALID`, `ORIGIN_LINK_TOO_LARGE`
 */
export function checkedLinkSettings(settings: LinkSettings): LinkSettings {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw wrong('settings', 'they must be an object')
  checkJson(settings, 'settings', 0)
  const size = linkSettingsSize(settings)
  if (size > mostBytes)
    throw new Refusal(
      'ORIGIN_LINK_TOO_LARGE',
      `The settings of a link have no more than ${mostBytes} bytes as JSON; these have ${size}. Keep long pipeline policies in a repository, and name them.`,
      { limit: mostBytes, size },
    )
  return settings
}

/** Checks the names of a link's secrets. @throws Refusal `ORIGIN_LINK_INVALID` */
export function checkedLinkSecrets(secrets: readonly LinkSecret[]): readonly LinkSecret[] {
  if (secrets.length > mostSecrets)
    throw wrong('secrets', `a link has no more than ${mostSecrets}; here are ${secrets.length}`)
  const names = secrets.map(({ name }) => name)
  for (const [index, name] of names.entries()) {
    const shown = JSON.stringify(name.slice(0, 60))
    if (!/^[A-Za-z][A-Za-z0-9]{0,49}$/.test(name))
      throw wrong('secrets', `the name of a secret has up to 50 letters and digits, as apiKey; got ${shown}`)
    if (names.indexOf(name) !== index) throw wrong('secrets', `${shown} is there twice`)
  }
  return secrets
}

function checkJson(value: unknown, path: string, depth: number): void {
  if (depth > deepest) throw wrong(path.slice(0, 200), `settings lie no more than ${deepest} deep in each other`)
  if (value === null || typeof value === 'boolean') return
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw wrong(path, 'numbers must be whole, and below 2^53')
    return
  }
  if (typeof value === 'string') {
    const fault = unseenIn(withoutEmoji(value).replaceAll(/[\t\n\r\p{Zs}]/gu, ' '))
    if (fault !== undefined) throw wrong(path, `it must have no control or invisible characters; it has ${fault}`)
    return
  }
  if (typeof value !== 'object') throw wrong(path, 'it must be JSON')
  for (const [name, member] of Object.entries(value)) {
    const fault = unseenIn(name)
    if (fault !== undefined) throw wrong(path, `a name in it has ${fault}`)
    checkJson(member, Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`, depth + 1)
  }
}

function wrong(field: string, fault: string): Refusal {
  return linkInvalid([`${field}: ${fault}`], field)
}
