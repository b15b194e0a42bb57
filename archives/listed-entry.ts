/** What the directory says of an entry, as far as it decides where its bytes are. */
export interface ListedEntry {
  /** Where its record begins in the directory. */
  readonly at: number
  readonly name: string
  readonly path: string
  readonly nameBytes: Buffer
  readonly flags: number
  readonly method: number
  readonly crc32: number
  readonly compressedSize: number
  readonly size: number
  /** The system whose attributes it has. */
  readonly host: number
  /** Of its local header. */
  readonly offset: number
  readonly isLink: boolean
}
