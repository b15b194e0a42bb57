import { type EntityId, parseId, Refusal } from '../domain/index.ts'

/** The types that have a node id. */
export const nodeTypes = [
  'Organization',
  'User',
  'Key',
  'Group',
  'Certificate',
  'Project',
  'ArtifactConfiguration',
  'SigningPolicy',
  'TrustedBuildSystem',
  'ChangeProposal',
  'Grant',
  'WebHook',
  'SigningRequest',
] as const

/** A type that has a node id. */
export type NodeType = (typeof nodeTypes)[number]

/** A node id: the type and its UUID, opaque to clients. */
export function encodeGlobalId(typename: string, id: string | number | bigint): string {
  return Buffer.from(`${typename}:${id}`).toString('base64')
}

/**
 * Takes a node id apart.
 *
 * @throws Refusal `ID_MALFORMED` when it is none that this service gives out
 */
export function decodeGlobalId(globalId: string): { readonly typename: NodeType; readonly id: string } {
  const [typename, id, ...rest] = Buffer.from(globalId, 'base64').toString().split(':')
  const type = nodeTypes.find((known) => known === typename)
  if (type === undefined || id === undefined || rest.length > 0)
    throw new Refusal('ID_MALFORMED', `${JSON.stringify(globalId.slice(0, 80))} is not the id of a node.`)
  return { typename: type, id: parseId(id, 'A node id') }
}

/**
 * Reads an id argument: a UUID, as tools use it, or a node id.
 *
 * @throws Refusal `ID_MALFORMED` when it is neither, or of another type
 */
export function parseEntityId<Id extends EntityId>(text: string, type: NodeType): Id {
  if (text.includes('-')) return parseId<Id>(text, `The id of a ${type}`)
  const { typename, id } = decodeGlobalId(text)
  if (typename !== type)
    throw new Refusal('ID_MALFORMED', `This is the id of a ${typename}; the id of a ${type} is needed here.`)
  return parseId<Id>(id, `The id of a ${type}`)
}

/**
 * Reads an id argument of an entity of any kind: a UUID, or the node id of one.
 *
 * @param kind as names of streams have it
 * @throws Refusal `ID_MALFORMED` when it is neither, or of another kind
 */
export function entityIdOf(text: string, kind: string): string {
  const type = nodeTypes.find((known) => known.toLowerCase() === kind.toLowerCase())
  return type === undefined ? parseId(text, `The id of a ${kind}`) : parseEntityId(text, type)
}

/** Whether text is an id of the type, rather than a slug. */
export function isEntityId(text: string, type: NodeType): boolean {
  try {
    parseEntityId(text, type)
    return true
  } catch {
    return false
  }
}

/** What a use case takes for a project, policy or artifact configuration: of a node id, which is GraphQL's own, the UUID; else the text as it is. */
export function uuidOrSlug(text: string, type: 'Project' | 'SigningPolicy' | 'ArtifactConfiguration'): string {
  return isEntityId(text, type) ? parseEntityId(text, type) : text
}
