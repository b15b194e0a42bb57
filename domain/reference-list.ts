import { type PrincipalReference, referenceKey } from './principal-reference.ts'
import { Refusal } from './refusal.ts'

/**
 * So many references a list may hold; a group counts as one. Some lists are copied into every submission, and an append has
 * at most 1 MiB.
 */
const mostReferences = 100

/** A list of people and groups as something names them. */
export type ReferenceList = {
  /** What it is called: `submitters`. */
  readonly name: string
  /** Whose list it is: `signing policy`. */
  readonly of: string
  /** What a list that is too long is refused with. */
  readonly tooMany: string
}

/**
 * Refuses a list that names somebody twice, or too many.
 *
 * @throws Refusal `MEMBERS_REPEATED`, and the code for too many
 */
export function checkReferences(references: readonly PrincipalReference[], { name, of, tooMany }: ReferenceList): void {
  if (references.length > mostReferences)
    throw new Refusal(
      tooMany,
      `A ${of} names at most ${mostReferences} ${name}; got ${references.length}. Name groups of them.`,
      { [name]: references.length, limit: mostReferences },
    )
  if (new Set(references.map(referenceKey)).size !== references.length)
    throw new Refusal('MEMBERS_REPEATED', `The ${name} of a ${of} must not name anyone twice.`)
}
