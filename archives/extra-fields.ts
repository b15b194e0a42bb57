/** Ids of the extra fields that change what an entry's own fields say (APPNOTE.TXT 6.3.10 §4.5.3, §4.6.9). */
export const extraId = { zip64: 0x0001, unicodePath: 0x7075 } as const

/** What stands in fields of 16 and 32 bits whose value is in a ZIP64 record (§4.4.1.4). */
export const inZip64Short = 0xffff
export const inZip64 = 0xffffffff

/** One field of an extra field. */
export interface ExtraField {
  readonly id: number
  /** Where its four-byte head begins and its data end, in the extra field. */
  readonly start: number
  readonly end: number
  readonly data: Buffer
}

/**
 * The fields of an extra field, in their order. What stands behind the last whole one, such as the padding by which data are aligned, is
 * no field.
 */
export function extraFields(extra: Buffer): ExtraField[] {
  const fields: ExtraField[] = []
  for (let start = 0; start + 4 <= extra.length; ) {
    const end = start + 4 + extra.readUInt16LE(start + 2)
    if (end > extra.length) break
    fields.push({ id: extra.readUInt16LE(start), start, end, data: extra.subarray(start + 4, end) })
    start = end
  }
  return fields
}

/**
 * Whether an extra field can be read in one way only, as far as it changes an entry's sizes, place and name: at most one field of each
 * such id, and none begun behind the last whole field.
 */
export function isUnambiguous(extra: Buffer): boolean {
  const fields = extraFields(extra)
  const deciding = fields.filter(({ id }) => id === extraId.zip64 || id === extraId.unicodePath)
  if (new Set(deciding.map(({ id }) => id)).size < deciding.length) return false
  const rest = extra.subarray(fields.at(-1)?.end ?? 0)
  const begun = rest.length < 2 ? 0 : rest.readUInt16LE(0)
  return begun !== extraId.zip64 && begun !== extraId.unicodePath
}

/** Sizes and place of an entry. */
export interface EntryExtent {
  readonly size: number
  readonly compressedSize: number
  /** Offset of the local header; a local header itself has none. */
  readonly offset?: number
}

/**
 * What sizes and place are, once the ZIP64 field is read: it holds, in this order, those whose own field is filled with ones, each in
 * eight bytes. Without a ZIP64 field, ones are a value as any other.
 *
 * Some writers put in all of them, whatever the own fields say: taken when both readings give the same.
 *
 * @param disk the number of the disk, where the field can hold it: it must be the first
 * @returns `undefined` when the field is not such a one
 */
export function resolveExtent<Extent extends EntryExtent>(
  own: Extent,
  field: Buffer | undefined,
  disk = 0,
): Extent | undefined {
  if (field === undefined) return disk === 0 ? own : undefined
  const values = valuesOf(field)
  if (values === undefined) return undefined
  const names = (['size', 'compressedSize', 'offset'] as const).filter((name) => own[name] !== undefined)
  const needed = names.filter((name) => own[name] === inZip64)
  const resolved = { ...own, ...Object.fromEntries(needed.map((name, index) => [name, values.numbers[index]])) }
  if (needed.length > values.numbers.length) return undefined
  if (disk !== 0 && (disk !== inZip64Short || values.disk !== 0)) return undefined
  const isExact = needed.length === values.numbers.length && (values.disk !== undefined) === (disk === inZip64Short)
  const isWhole =
    needed.every((name, index) => name === names[index]) &&
    values.numbers.every((value, index) => value === (resolved as Readonly<Record<string, number>>)[names[index] ?? ''])
  return isExact || (isWhole && (values.disk ?? 0) === 0) ? resolved : undefined
}

function valuesOf(
  field: Buffer,
): { readonly numbers: readonly number[]; readonly disk: number | undefined } | undefined {
  if (field.length > 28 || (field.length % 8 !== 0 && field.length % 8 !== 4)) return undefined
  const count = Math.floor(field.length / 8)
  const numbers = Array.from({ length: count }, (_, index) => Number(field.readBigUInt64LE(index * 8)))
  if (!numbers.every(Number.isSafeInteger)) return undefined
  return { numbers, disk: field.length % 8 === 4 ? field.readUInt32LE(count * 8) : undefined }
}

/** A ZIP64 field with these values (§4.5.3). */
export function zip64Field(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + values.length * 8)
  bytes.writeUInt16LE(extraId.zip64, 0)
  bytes.writeUInt16LE(values.length * 8, 2)
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), 4 + index * 8)
  return bytes
}

/** An extra field with this ZIP64 field in place of the one that it has, or in front; without one when it is `undefined`. */
export function withZip64(extra: Buffer, field: Buffer | undefined): Buffer {
  const old = extraFields(extra).find(({ id }) => id === extraId.zip64)
  const [start, end] = [old?.start ?? 0, old?.end ?? 0]
  return Buffer.concat([extra.subarray(0, start), field ?? Buffer.alloc(0), extra.subarray(end)])
}
