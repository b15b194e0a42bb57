import type { FileHandle } from 'node:fs/promises'
import type { z } from 'zod'
import type {
  AttributeValue,
  CertificateFormat,
  DirectiveOrder,
  ExistingSignature,
  KeyAlgorithm,
  SigningDirective,
  Submission,
} from '../domain/index.ts'
import type { FileDigestion, FilePasses } from './file-passes/index.ts'
import type { FoundDirective, SignatureExpectation } from './signature-findings.ts'
import type { HashSigningKey, SigningKey } from './signing-key.ts'
import type { TimestampClient } from './timestamp/index.ts'

export type {
  FoundDirective,
  FoundTimestamp,
  OpenFile,
  SignatureExpectation,
} from './signature-findings.ts'

/**
 * A file format and the signatures that files of it can carry: everything that the service knows of the format. A folder
 * of `signing/` exports one, `signing/formats.ts` lists them, and whoever plans, signs, verifies or shows goes through
 * it. Its sign and verify side share readers only (law 7).
 *
 * What it is asked for a file comes in this order: `detect`, `readLayout` and `digestion` before the file's bytes are
 * known to be those that were submitted; then, behind one pass over all of them, `plan`; in the signer, on a copy that nobody
 * else writes to, `sign` and `verify`. A request may be planned and signed many times, by the worker, by the signer, and
 * again after a crash, each time from a new copy: the same bytes and orders give the same plan, and each signing starts
 * from the unsigned file.
 *
 * Errors are `SigningError` with codes of the format's own. Types: `Layout` is what it reads of a file's structure, plain
 * data; `Digested` what its digestion finishes with. Both come back to the format that made them, and to nobody else.
 */
export interface SignatureFormat<Layout = unknown, Digested = unknown> {
  /** Its name in plans, such as `pe`. For good: stored plans name it. */
  readonly name: string
  /** What people call such files, with the usual extensions: `Windows programs and libraries (PE: exe, dll …)`. */
  readonly title: string
  /** The elements of artifact configurations that files of this format can be matched by, such as `pe-file`. */
  readonly elements: readonly string[]
  /** What can be asked for files of this format. */
  readonly directives: readonly DirectiveDefinition[]

  /**
   * Says whether a file has this format: by its bytes, for whoever submits chooses its name. Of texts that are nothing but text, such
   * as scripts, the name counts, as it does for those who run them.
   */
  detect(file: FileParts): Promise<Detection>

  /**
   * Finds what planning would refuse a file for, as far as its first bytes show it. That nothing is found promises nothing.
   *
   * @param start the file's first bytes, of this format
   * @param size bytes of the whole file
   * @throws SigningError as `plan` would of the whole file
   */
  checkStart(start: Uint8Array, size: number): Promise<StartFindings>

  /**
   * What is asked for a file that nothing else says anything about.
   *
   * @throws SigningError when what the submission gives cannot be an attribute's value
   */
  defaultOrders(submission: Pick<Submission, 'existingSignatures' | 'program'>): readonly DirectiveOrder[]

  /**
   * Reads the structure of a file, and not all of its bytes; called before and behind the pass over them.
   *
   * @param name its own file name
   */
  readLayout(handle: FileHandle, size: number, name: string): Promise<Layout>

  /** What is to be made of all of the file's bytes as they are read and hashed; `undefined` when nothing is. */
  digestion(layout: Layout, orders: readonly DirectiveOrder[]): FileDigestion | undefined

  /** Of containers: whether an entry is part of the signature, so that it comes and goes with it. */
  ownsEntry?(name: string): boolean

  /**
   * Settles what will be done to a file: the orders with the digests that approvers agree to, and the signatures that it
   * carries, whoever made them.
   *
   * @throws SigningError when it cannot be signed so; the signal's reason
   */
  plan(
    file: DigestedFile<Layout, Digested>,
    orders: readonly DirectiveOrder[],
    options: FileWorkOptions,
  ): Promise<FilePlan>

  /**
   * Reads what a file says of itself, by the names of the restrictions in artifact configurations, such as `product-name`: what of it is
   * there. Absent where files of the format say nothing.
   */
  readMetadata?(
    file: Pick<DigestedFile<Layout, unknown>, 'handle' | 'size' | 'layout'>,
    options: FileWorkOptions,
  ): Promise<Readonly<Record<string, string>>>

  /**
   * Signs a copy by the directives of its plan, all of them in their order: in its place, or in another file where all of it has to be
   * written anew. The key may be used more than once. When this fails, the copy is in no state to be used.
   *
   * @returns the other file, open for reading and writing, in the place that `spoolPath` named; `undefined` when the copy itself was signed
   * @throws SigningError; whatever key and time-stamp authority throw; the signal's reason
   */
  sign(
    file: DigestedFile<Layout, Digested>,
    directives: readonly SigningDirective[],
    means: SigningMeans,
    options: SigningWorkOptions,
  ): Promise<FileHandle | undefined>

  /**
   * Verifies a signed file strictly: nothing outside of what the signatures cover, nothing behind them, the kept ones as
   * they were, no other ones. It believes neither `sign` nor the plan: it answers with what it has found in the file.
   *
   * @returns for each directive, in their order, what was found
   * @throws SigningError
   */
  verify(
    handle: FileHandle,
    expectation: SignatureExpectation,
    options: FileWorkOptions,
  ): Promise<readonly FoundDirective[]>
}

/** What a directive of a format is. */
export interface DirectiveDefinition {
  /** Its name in artifact configurations and plans, such as `authenticode-sign`. */
  readonly name: string
  /**
   * Its attributes by the names that artifact configurations use, values being {@link AttributeValue}: a strict object that
   * JSON Schema can say (`z.toJSONSchema`). What has a default need not be given. `title` and `description` of a member's
   * `meta` are what people read.
   */
  readonly attributes: z.ZodObject
  /** Of the attributes those that cannot be read back from a signed file: `verify` does not answer with them. */
  readonly untraceable: readonly string[]
  /** With which keys it can be made. */
  readonly keyAlgorithms: readonly KeyAlgorithm[]
  /** With which certificates; X.509 when it is left out. */
  readonly certificateFormat?: CertificateFormat
  /** Whether its signature can carry an RFC 3161 time-stamp. */
  readonly timestamps: boolean
  /** Whether it signs bytes that say nothing of what they are, so that only a policy that allows this may order it. */
  readonly signsRaw?: true
  /**
   * Refuses attributes with which this key cannot sign, such as an RSA key without `rsa-padding`; left out where every key does by all
   * attributes. It knows nothing of the file.
   *
   * @throws SigningError
   */
  checkKey?(attributes: DirectiveOrder['attributes'], keyAlgorithm: KeyAlgorithm): void
  /**
   * Which of the configured certificates travel in the signature.
   *
   * @param chain DER, leaf first
   */
  embeddedCertificates(chain: readonly Uint8Array[], attributes: DirectiveOrder['attributes']): readonly Uint8Array[]
}

/** A file whose bytes can be read in parts. */
export interface FileParts {
  /** Its own file name, without the folders that it is in. */
  readonly name: string
  /** Bytes of the whole file. */
  readonly size: number
  /** Bytes of a part, fewer where the file ends. */
  readonly readPart: (start: number, length: number) => Promise<Buffer>
}

/**
 * Whether a file is of a format: `recognized`; `foreign`; or something like it that cannot be signed, and why, as the
 * end of a sentence that begins with the file's name (`is a program for DOS`).
 */
export type Detection = 'recognized' | 'foreign' | { readonly unsupported: string }

/** What a file's first bytes show. */
export interface StartFindings {
  /** Whether the file carries signatures, as far as that shows. */
  readonly isSigned: boolean
}

/** An open file, its structure, and what was made of all of its bytes in one pass. */
export interface DigestedFile<Layout, Digested> {
  /** To be signed it is a copy of the signer's own, open for reading and writing. */
  readonly handle: FileHandle
  /** Bytes. */
  readonly size: number
  readonly layout: Layout
  readonly digested: Digested
}

/** How work on files is done, followed and called off. */
export interface FileWorkOptions {
  /** Threads that read whole files, off the event loop. */
  readonly passes: FilePasses
  /** Ends the work with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Called after every few MiB. */
  readonly onProgress?: (() => void) | undefined
}

/** How files are signed. */
export interface SigningWorkOptions extends FileWorkOptions {
  /**
   * A path where nothing is yet, another one each time, in a folder of the signer's own that goes away with the attempt: for what is
   * written anew, or kept for a while.
   */
  readonly spoolPath: () => string
}

/** What a plan says of a file beside its path and bytes. */
export interface FilePlan {
  /** In their order, with what becomes of each. */
  readonly existingSignatures: readonly ExistingSignature[]
  /** One for each order. */
  readonly directives: readonly SigningDirective[]
  /** What people should know who approve it, and what would be better: whole sentences. None when absent. */
  readonly warnings?: readonly string[]
}

/** What signatures are made with. */
export interface SigningMeans {
  /** Signs with RSASSA-PSS too. */
  readonly key: SigningKey & HashSigningKey
  /** DER certificates as configured, leaf first; the leaf is the key's. */
  readonly certificateChain: readonly Uint8Array[]
  /** Who gives each signature its time; `undefined` when none is asked for. */
  readonly timestamps: TimestampClient | undefined
}
