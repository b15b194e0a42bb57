import type { AppendSignature, OrganizationId } from '../../domain/index.ts'
import { concealedWitness } from '../append-message.ts'
import { asSignature } from '../append-signature.ts'
import { isReadable, type LogEntry } from '../log-entries.ts'

/** What an organization may be told of a log. Asked in the order of the log. */
export type OrganizationPart = {
  /** Whether an event is the organization's, or is needed to check its signatures: the keys of the service's processes are. */
  readonly has: (entry: LogEntry) => boolean
  /** The metadata of such an event as it may be told; `undefined` where that is the stored text. */
  readonly metadataOf: (entry: LogEntry) => string | undefined
}

/** So many streams of the organization are remembered, the newest: what a process names it has written shortly before. */
const streamsKept = 65_536

/**
 * Tells an organization's events from those of others, and keeps back which events of others its own name as those before
 * them. A process appends for all organizations, and what it names has ids of theirs; hashes of them sign the same.
 */
export function organizationPart(organizationId: OrganizationId): OrganizationPart {
  const own = new Set<string>()

  function remember(streamId: string): void {
    if (own.has(streamId)) return
    own.add(streamId)
    if (own.size <= streamsKept) return
    const [oldest] = own.keys()
    if (oldest !== undefined) own.delete(oldest)
  }

  /** Whether a witness is of a stream of the organization, or tells nothing. Its stream stands behind its second space. */
  function mayBeTold(witness: unknown): boolean {
    if (typeof witness !== 'string') return false
    if (witness.startsWith('#')) return true
    const streamId = witness.slice(witness.indexOf(' ', witness.indexOf(' ') + 1) + 1)
    return own.has(streamId) || isOfProcesses(streamId)
  }

  return {
    has(entry) {
      const { streamId } = entry
      // What cannot be read says of no organization that it is its own; the stream that it stands in does.
      const isOwn = isReadable(entry) ? entry.metadata.organizationId === organizationId : own.has(streamId)
      if (isOwn) remember(streamId)
      return isOwn || isOfProcesses(streamId)
    },

    metadataOf(entry) {
      if (!isReadable(entry)) return undefined
      const { witnesses } = (entry.metadata.signature ?? {}) as Partial<AppendSignature>
      if (witnesses === undefined || (Array.isArray(witnesses) && witnesses.every(mayBeTold))) return undefined
      const signature = asSignature(entry.metadata.signature)
      const told = signature?.witnesses.map((witness) => (mayBeTold(witness) ? witness : concealedWitness(witness)))
      const { text } = entry.stored.metadata
      const stored = `"witnesses":${JSON.stringify(witnesses)}`
      const at = text.lastIndexOf(stored)
      // Spelled otherwise it is no signature that a process of the service made, and is right nowhere.
      if (told === undefined || at === -1) return JSON.stringify({ ...entry.metadata, signature: null })
      return `${text.slice(0, at)}"witnesses":${JSON.stringify(told)}${text.slice(at + stored.length)}`
    },
  }
}

function isOfProcesses(streamId: string): boolean {
  return streamId.startsWith('processKey-')
}
