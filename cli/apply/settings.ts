import type { NamedPrincipal } from '../documents/request-fields.ts'
import { asInputs, type PrincipalInput } from '../principals.ts'
import type { Reference } from './references.ts'

/** Settings in a form that can be compared: names stand for ids, those whom a list names are {@link Reference}s. */
export type Settings = Readonly<Record<string, unknown>>

/** A setting that is to have another value. */
export type SettingDifference = { readonly path: string; readonly before: unknown; readonly after: unknown }

/** Lists that name people: who is named counts, not in which order. */
const unordered = /(^|\.)(readers|configurators|submitters|approvers|members|added|removed)$/

/**
 * The settings that are not as they are to be; of settings within settings each by itself.
 *
 * @param before null for what is not there yet
 */
export function settingDifferences(
  before: Settings | null,
  after: Settings,
  prefix = '',
): readonly SettingDifference[] {
  return Object.entries(after).flatMap(([name, wanted]): readonly SettingDifference[] => {
    const path = prefix + name
    const present = before?.[name] ?? null
    if (isSettings(wanted) && (present === null ? before === null : isSettings(present)))
      return settingDifferences(present as Settings | null, wanted, `${path}.`)
    const [one, other] = [comparable(path, present), comparable(path, wanted)]
    const isDefault = before === null && (wanted === null || wanted === false || other === '[]')
    return one === other || isDefault ? [] : [{ path, before: present, after: wanted ?? null }]
  })
}

/** The settings of a link that are not as they are to be; what is left out is not there. */
export function linkDifferences(before: Settings, after: Settings): readonly SettingDifference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names
    .map((name) => ({ path: `settings.${name}`, before: before[name] ?? null, after: after[name] ?? null }))
    .filter((each) => sortedJson(each.before) !== sortedJson(each.after))
}

/** Whether settings within an event are those that are wanted; what the event leaves out is null, false or empty. */
export function areWanted(wanted: Settings, recorded: Settings): boolean {
  return settingDifferences(recorded, wanted).every(
    ({ before, after }) => before === null && (after === false || (Array.isArray(after) && after.length === 0)),
  )
}

/** Those whom the service names. */
export function asReferences(named: readonly NamedPrincipal[]): readonly Reference[] {
  return asInputs(named).map(referenceOf)
}

/** Somebody as settings of the service name them. */
export function referenceOf(principal: PrincipalInput): Reference {
  return 'user' in principal ? `user:${principal.user}` : `group:${principal.group}`
}

/** Those whom references name, as the service takes them. @param idOf of a group that the file brought */
export function asPrincipals(
  references: readonly Reference[],
  idOf: (reference: Reference) => string,
): readonly PrincipalInput[] {
  return references.map((reference) =>
    reference.startsWith('user:') ? { user: reference.slice('user:'.length) } : { group: idOf(reference) },
  )
}

/** The references anywhere within settings. */
export function referencesIn(value: unknown): readonly Reference[] {
  if (typeof value === 'string') return /^(user|group):/.test(value) ? [value] : []
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(referencesIn) : []
}

/** JSON in which the order of an object's names makes no difference. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    isSettings(part) ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1))) : part,
  )
}

function isSettings(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function comparable(path: string, value: unknown): string {
  const listed = Array.isArray(value) && unordered.test(path) ? value.map((each) => JSON.stringify(each)).sort() : value
  return JSON.stringify(listed ?? null)
}
