import type { AppendSignature, AppendWitness } from '../domain/index.ts'
import { isTreePath } from './digest-tree.ts'
import { isJsonObject } from './serialise.ts'

/**
 * The signature of an event's metadata, which may be anything.
 *
 * @param mayConceal whether witnesses may be concealed: in an export they may, in a log somebody concealed them who had to
 */
export function asSignature(value: unknown, mayConceal = false): AppendSignature | undefined {
  if (!isJsonObject(value)) return undefined
  const { keyId, revision, count, witnesses, path, value: bytes } = value
  const isCount = (number: unknown) => Number.isSafeInteger(number) && (number as number) >= 0
  const isText = (text: unknown) => typeof text === 'string'
  return /^[0-9a-f]{32}$/.test(String(keyId)) &&
    isCount(revision) &&
    isCount(count) &&
    count !== 0 &&
    Array.isArray(witnesses) &&
    witnesses.every(
      (witness) => isText(witness) && (witnessForm.test(witness) || (mayConceal && concealedForm.test(witness))),
    ) &&
    isTreePath(path) &&
    isText(bytes)
    ? (value as AppendSignature)
    : undefined
}

/** What a witness names. */
export type WitnessedPlace = { readonly streamId: string; readonly revision: number; readonly eventId: string }

/** Writes what an append names of an earlier one. */
export function witnessOf({ streamId, revision, eventId }: WitnessedPlace): AppendWitness {
  return `${revision} ${eventId} ${streamId}`
}

const concealedForm = /^#[\w-]{43}$/
const witnessForm = /^(0|[1-9]\d{0,14}) ([0-9a-f-]{36}) (.+)$/

/** Reads what {@link witnessOf} wrote, and {@link asSignature} has found to be a witness. */
export function parseWitness(witness: AppendWitness): WitnessedPlace {
  const [, revision, eventId, streamId] = witnessForm.exec(witness) as string[]
  return { streamId: streamId as string, revision: Number(revision), eventId: eventId as string }
}
