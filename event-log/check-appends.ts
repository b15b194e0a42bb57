import { type AppendSignature, mayWriteEvent, streams } from '../domain/index.ts'
import { linesOf, messageOfLines, type SignedPlace, signedTexts } from './append-message.ts'
import { asSignature } from './append-signature.ts'
import { type RootFinder, rootOf } from './digest-tree.ts'
import type { RecordedEvent } from './event-log.ts'
import { UnparsedEvent } from './joined-row.ts'
import type { CertifiedKey, KeyRing, KeyStanding } from './process-keys.ts'
import { openSpillingMap, type SpillingMap } from './spilling-map.ts'

/** A place of the log that does not hold what a process of the service wrote there. */
export type LogFault = {
  /**
   * `forged`: no process wrote it, or one that may not; `changed`: it is not what was signed, or not where; `removed`: it
   * was there once; `hidden`: the whole log has it, and its stream does not show it; `unreadable`: it is no event of this log,
   * or one that its stream cannot go on from.
   */
  readonly kind: 'forged' | 'changed' | 'removed' | 'hidden' | 'unreadable'
  readonly streamId: string
  readonly revision: number
  /** `null` for an event that is not there and that nothing names. */
  readonly eventId: string | null
  /** A sentence for people. */
  readonly reason: string
}

const none: readonly never[] = []

/** The events of one append, as far as they are there: the last has a signature. */
export type SignedGroup = readonly RecordedEvent[]

/** Takes the events of streams apart into their appends. */
export type AppendGrouping = {
  /** The next event of its stream; answers the append that it ends, and what the revisions say. */
  add(event: RecordedEvent): { readonly group: SignedGroup | undefined; readonly faults: readonly LogFault[] }
  /** An event that cannot be read stands here: it is named elsewhere, and not missed. */
  pass(place: Pick<RecordedEvent, 'streamId' | 'revision'>): void
  /** The streams are at their ends: what is left has no signature. */
  end(): readonly LogFault[]
}

/**
 * Groups the events of any number of streams, each in order from its first.
 *
 * @param nextRevisions what it keeps of each stream. Who groups the whole log, with millions of them, closes it afterwards
 */
export function groupAppends(nextRevisions: SpillingMap<number> = openSpillingMap()): AppendGrouping {
  const unsigned = new Map<string, RecordedEvent[]>()

  function pass({ streamId, revision }: Pick<RecordedEvent, 'streamId' | 'revision'>): number {
    let next = 0
    nextRevisions.update(streamId, (present = 0) => {
      next = present
      return Math.max(next, revision + 1)
    })
    return next
  }

  return {
    add(event) {
      const faults = revisionFaults(event, pass(event))
      const before = unsigned.get(event.streamId)
      if (event.metadata.signature === undefined) {
        if (before === undefined) unsigned.set(event.streamId, [event])
        else before.push(event)
        return { group: undefined, faults }
      }
      if (before === undefined) return { group: [event], faults }
      unsigned.delete(event.streamId)
      return { group: [...before, event], faults }
    },
    pass,
    end: () =>
      [...unsigned.values()].flatMap((events) =>
        events.map((event) => fault('forged', event, 'It has no signature, or the end of its append is gone.')),
      ),
  }
}

/** How an append is checked. */
export type AppendCheckOptions = {
  /** The signature of the last event, where the caller has read it already. */
  readonly signature?: AppendSignature | undefined
  /** How roots of trees are found. */
  readonly rootOf?: RootFinder
}

/**
 * Checks an append: that its signature is by a key that the installation certified, over these events in this place, and
 * that the process may write them.
 *
 * @returns nothing when all is right; at once, where key and signature are known
 */
export function checkAppend(
  group: SignedGroup,
  keys: Pick<KeyRing, 'standing'>,
  options: AppendCheckOptions = {},
): readonly LogFault[] | Promise<readonly LogFault[]> {
  const checked = beginCheck(group, keys, options)
  return 'isRight' in checked ? checked.isRight.then((isRight) => concludeCheck(checked, isRight)) : checked
}

/** An append whose signature is being verified: {@link concludeCheck} says what it is worth when that is known. */
export type PendingCheck = {
  /** The same for all appends that share the signature. */
  readonly isRight: Promise<boolean>
  readonly roles: CertifiedKey['roles']
  readonly append: AppendParts
}

/** Does what {@link checkAppend} does, but for a signature that is not known yet: who checks many waits once for all that share it. */
export function beginCheck(
  group: SignedGroup,
  keys: Pick<KeyRing, 'standing'>,
  { signature = asSignature(group.at(-1)?.metadata.signature), rootOf: findRoot = rootOf }: AppendCheckOptions = {},
): readonly LogFault[] | Promise<readonly LogFault[]> | PendingCheck {
  const last = group[group.length - 1] as RecordedEvent
  if (signature === undefined) return group.map((event) => fault('forged', event, 'Its signature has no known form.'))
  const { keyId, count } = signature
  if (count > group.length)
    return [fault('removed', last, `Of the ${count} events of its append ${count - group.length} are gone.`)]
  const own = count === group.length ? group : group.slice(group.length - count)
  const standing = keys.standing(keyId, {
    position: last.position,
    at: last.metadata.occurredAt,
    recordsItself:
      last.streamId === streams.processKey(keyId) && own.every(({ type }) => type === 'ProcessKeyCertified'),
  })
  const append = { signature, own, unsigned: group.length - own.length === 0 ? none : group.slice(0, -count) }
  if (!(standing instanceof Promise)) return checkWithKey(standing, append, findRoot)
  return standing.then(async (standing) => {
    const checked = checkWithKey(standing, append, findRoot)
    return 'isRight' in checked ? concludeCheck(checked, await checked.isRight) : checked
  })
}

/** An append whose signature is to be verified. */
type SignedAppend = {
  readonly signature: AppendSignature
  readonly own: SignedGroup
  /** What stands before it and no signature covers. */
  readonly unsigned: readonly EventPlace[]
}

/** What is kept of an append while its signature is being verified: its events would be old by then, and costly to collect. */
type AppendParts = {
  readonly revision: number
  readonly own: readonly EventPlace[]
  readonly unsigned: readonly EventPlace[]
}

function checkWithKey(
  standing: KeyStanding,
  append: SignedAppend,
  findRoot: RootFinder,
): readonly LogFault[] | PendingCheck {
  if ('fault' in standing) return faultsOf(append, 'forged', standing.fault)
  const { signature, own, unsigned } = append
  const { roles, verify } = standing.key
  const message = messageOf(append)
  const isRight = message === undefined ? false : verify(findRoot(message, signature.path), signature.value)
  const parts = { revision: signature.revision, own, unsigned }
  if (!(isRight instanceof Promise)) return checkVerified(roles, isRight, parts)
  return { isRight, roles, append: { ...parts, own: own.map(placeOf), unsigned: unsigned.map(placeOf) } }
}

/** What an append is worth whose signature was found right or wrong. */
export function concludeCheck({ roles, append }: PendingCheck, isRight: boolean): readonly LogFault[] {
  return checkVerified(roles, isRight, append)
}

function checkVerified(roles: CertifiedKey['roles'], isRight: boolean, append: AppendParts): readonly LogFault[] {
  const { revision, own, unsigned } = append
  if (!isRight) return faultsOf(append, 'changed', 'Its signature was made for something else than what stands here.')
  const first = own[0] as EventPlace
  if (first.revision < revision)
    return faultsOf(append, 'removed', `It was written at revision ${revision}: what stood before it is gone.`)
  if (first.revision > revision) return faultsOf(append, 'changed', `It was written at revision ${revision}.`)
  const isAllowed = ({ type }: EventPlace) => mayWriteEvent(roles, type)
  if (unsigned.length === 0 && own.every(isAllowed)) return none
  const reason = `A process with the role ${roles.join(', ')} may not write it.`
  const foreign = own.filter((event) => !isAllowed(event))
  return [...withoutSignatureOf(append), ...foreign.map((event) => fault('forged', event, reason))]
}

/** What is wrong with an append, and with the events before it that no signature covers. */
function faultsOf(
  append: Pick<AppendParts, 'own' | 'unsigned'>,
  kind: LogFault['kind'],
  reason: string,
): readonly LogFault[] {
  return [...withoutSignatureOf(append), ...append.own.map((event) => fault(kind, event, reason))]
}

function withoutSignatureOf({ unsigned }: Pick<AppendParts, 'unsigned'>): readonly LogFault[] {
  return unsigned.map((event) => fault('forged', event, 'It has no signature, or the end of its append is gone.'))
}

/** The message of an append; `undefined` where a line feed in it could make it that of another append. */
function messageOf({ own, signature }: SignedAppend): string | undefined {
  const [first] = own
  const place: SignedPlace = { ...signature, streamId: first?.streamId ?? '' }
  // Neither has the stream's name a line feed in such a row, nor has any of the lines.
  if (own.length === 1 && first instanceof UnparsedEvent) return messageOfLines(place, first.signedLines)
  const lines: string[] = []
  for (const event of own) {
    const texts = signedTexts(event, event === own.at(-1) ? signature : undefined)
    if (texts === undefined) return undefined
    lines.push(linesOf(texts))
  }
  const message = messageOfLines(place, lines.join('\n'))
  return countLines(message) === 5 + 4 * own.length ? message : undefined
}

function countLines(text: string): number {
  let lines = 1
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1
  return lines
}

function revisionFaults(event: RecordedEvent, next: number): readonly LogFault[] {
  const { streamId, revision } = event
  if (revision === next) return none
  if (revision > next) {
    const range = revision - next === 1 ? `Revision ${next} is` : `Revisions ${next} to ${revision - 1} are`
    return [{ kind: 'removed', streamId, revision: next, eventId: null, reason: `${range} not there.` }]
  }
  return [fault('changed', event, `It stands behind revision ${next - 1} of its stream.`)]
}

/** Which event it is, and where. */
type EventPlace = Pick<RecordedEvent, 'streamId' | 'revision' | 'id' | 'type'>

function placeOf({ streamId, revision, id, type }: EventPlace): EventPlace {
  return { streamId, revision, id, type }
}

function fault(kind: LogFault['kind'], { streamId, revision, id }: EventPlace, reason: string): LogFault {
  return { kind, streamId, revision, eventId: id, reason }
}
