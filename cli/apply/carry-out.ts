import type { Connection } from '../connection/connection.ts'
import { type Performed, type Place, performers } from './performers.ts'
import { keyOf, type PlannedChange } from './planned-change.ts'
import type { Reference } from './references.ts'
import { asPrincipals } from './settings.ts'

/** What became of a planned change. */
export type CarriedOut = {
  readonly change: PlannedChange
  /**
   * `done`; `proposed` now, or before: it holds when others have approved it; `waiting`: it needs what was only proposed, and
   * comes when the file is applied again.
   */
  readonly state: 'done' | 'proposed' | 'proposedBefore' | 'waiting'
  /** Of what was proposed, or of what is waited for; null when it is done. */
  readonly changeProposalId: string | null
}

/**
 * Carries out changes one by one, in their order. The first that is refused ends it: what was done before stays, and the file
 * can be applied again.
 *
 * @param existing ids of what was there before, by what {@link keyOf} says
 * @param options.onResult learns what became of each as it happens
 * @throws CliError of the change that was refused; CHANGE_STALE when something was changed since the file was compared with it
 */
export async function carryOut(
  connection: Connection,
  changes: readonly PlannedChange[],
  existing: ReadonlyMap<Reference, string>,
  {
    onResult,
    readSecret,
  }: { readonly onResult: (result: CarriedOut) => void; readonly readSecret: Place['readSecret'] },
): Promise<void> {
  const ids = new Map(existing)
  /** What each thing waits for, by its key. */
  const pending = new Map<Reference, string>()
  /** How many events of each thing these changes made. */
  const made = new Map<Reference, number>()
  const idOf = (reference: Reference) => ids.get(reference) ?? reference.slice(reference.indexOf(':') + 1)
  for (const change of changes) {
    const { proposedAs, needs, settings, name } = change
    const key = keyOf(change)
    const waitsFor = needs.map((needed) => pending.get(needed)).find((each) => each !== undefined)
    if (proposedAs !== null || waitsFor !== undefined) {
      if (change.action === 'create') pending.set(key, proposedAs ?? waitsFor ?? '')
      const state = proposedAs === null ? 'waiting' : 'proposedBefore'
      onResult({ change, state, changeProposalId: proposedAs ?? waitsFor ?? null })
      continue
    }
    const {
      id,
      changeProposalId,
      events = 1,
    } = await perform(change, {
      connection,
      id: change.id ?? ids.get(key) ?? '',
      basedOnRevision: (change.revision ?? -1) + (made.get(key) ?? 0),
      settings,
      principals: (references) => asPrincipals(references as readonly Reference[], idOf),
      idOf,
      slugs: name.split('/'),
      readSecret,
    })
    if (changeProposalId === null) {
      ids.set(key, id)
      made.set(key, (made.get(key) ?? 0) + events)
    } else if (change.action === 'create') pending.set(key, changeProposalId)
    onResult({ change, state: changeProposalId === null ? 'done' : 'proposed', changeProposalId })
  }
}

function perform({ action, kind, name }: PlannedChange, place: Place): Promise<Performed> {
  const found = performers[kind][action]
  if (found === undefined) throw new Error(`nothing carries out ${action} of the ${kind} ${name}`)
  return found(place)
}
