import type { CarriedOut } from '../apply/carry-out.ts'
import { type ChangeAction, noun, type PlannedChange } from '../apply/planned-change.ts'
import type { SettingDifference } from '../apply/settings.ts'
import { count } from './quantities.ts'
import type { Marker } from './table.ts'

const signs: Readonly<Record<ChangeAction, string>> = {
  create: '+',
  update: '~',
  changeMembers: '~',
  deactivate: '-',
  reactivate: '+',
  link: '+',
  changeLink: '~',
  unlink: '-',
}

const uses: Readonly<Partial<Record<ChangeAction, string>>> = {
  deactivate: ' out of use',
  reactivate: ' into use again',
  changeMembers: ', its members',
}

/**
 * A planned change, and what becomes of each setting.
 *
 * @param nameOf what people call somebody or something whom settings name by id
 */
export function changeLines(change: PlannedChange, nameOf: (reference: string) => string, marker: Marker): string {
  const { action, proposedAs, differences } = change
  const proposed = proposedAs === null ? '' : ` (proposed already as the change ${proposedAs})`
  const title = `${signs[action]} ${whatChanges(change)}${proposed}`
  const lines = differences.map((each) => `    ${differenceText(each, action === 'create', nameOf)}\n`)
  return `${marker(signs[action] === '-' ? 'bad' : 'strong', title)}\n${lines.join('')}`
}

/** What became of a change, on one line. */
export function carriedOutLine({ change, state, changeProposalId }: CarriedOut): string {
  const what = whatChanges(change)
  switch (state) {
    case 'done':
      return `${signs[change.action]} ${what}`
    case 'proposed':
      return `? ${what}: proposed as the change ${changeProposalId}`
    case 'proposedBefore':
      return `? ${what}: proposed already as the change ${changeProposalId}`
    case 'waiting':
      return `? ${what}: waits for the change ${changeProposalId}`
  }
}

/** How many changes came to what, as a sentence. */
export function countsText(results: readonly CarriedOut[]): string {
  if (results.length === 0) return 'Everything is as the file says.\n'
  const of = (...states: readonly CarriedOut['state'][]) => results.filter(({ state }) => states.includes(state)).length
  const [done, proposed, waiting] = [of('done'), of('proposed', 'proposedBefore'), of('waiting')]
  const parts = [
    `${count(done, 'change')} made`,
    ...(proposed > 0 ? [`${proposed} proposed: others have to approve`] : []),
    ...(waiting > 0 ? [`${waiting} waiting: apply the file again then`] : []),
  ]
  return `${parts.join('; ')}.\n`
}

function whatChanges({ action, kind, name, settings }: PlannedChange): string {
  const { project } = settings
  const link = action === 'link' || action === 'unlink' ? ` vouches for project ${project}` : ''
  const changed = action === 'changeLink' ? `, its link to project ${project}` : ''
  return `${noun(kind)} ${name}${uses[action] ?? ''}${link}${changed}`
}

function differenceText(
  { path, before, after }: SettingDifference,
  isNew: boolean,
  nameOf: (reference: string) => string,
): string {
  if (isNew) return `${path}: ${valueText(after, nameOf)}`
  if (!Array.isArray(before) || !Array.isArray(after) || path === 'existingSignatures')
    return `${path}: ${valueText(before, nameOf)} → ${valueText(after, nameOf)}`
  const gone = before.filter((each) => !after.includes(each)).map((each) => `-${valueText(each, nameOf)}`)
  const come = after.filter((each) => !before.includes(each)).map((each) => `+${valueText(each, nameOf)}`)
  return `${path}: ${[...gone, ...come].join(' ')}`
}

function valueText(value: unknown, nameOf: (reference: string) => string): string {
  if (typeof value === 'string') return JSON.stringify(nameOf(value))
  if (Array.isArray(value))
    return value.length === 0 ? 'nobody' : value.map((each) => valueText(each, nameOf)).join(', ')
  if (typeof value !== 'object' || value === null) return value === null ? 'none' : String(value)
  return Object.entries(value)
    .map(([name, each]) => `${name} ${valueText(each, nameOf)}`)
    .join(', ')
}
