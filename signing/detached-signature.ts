import type { FileHandle } from 'node:fs/promises'
import type { DirectiveOrder, SigningDirective } from '../domain/index.ts'
import type {
  DirectiveDefinition,
  FileWorkOptions,
  FoundDirective,
  OpenFile,
  SignatureExpectation,
  SigningMeans,
} from './signature-format.ts'

export type { OpenFile } from './signature-format.ts'

/**
 * A signature that becomes a file of its own beside the file that it signs, which stays as it is: a directive of `file` in artifact
 * configurations, whose attribute `output-file-name` names the new one. It works on files of any format. A folder of `signing/`
 * exports one, and `signing/detached-signatures.ts` lists them. Its sign and verify side share readers only (law 7).
 *
 * The same bytes and order give the same plan. Errors are `SigningError` with codes of its own.
 */
export interface DetachedSignature {
  readonly definition: DirectiveDefinition

  /**
   * Settles what will be signed: the order with the digest that approvers agree to.
   *
   * @param order as `completeOrders` answers, which has refused what the key or the policy does not allow
   *
   * @throws SigningError; the signal's reason
   */
  plan(file: OpenFile, order: DirectiveOrder, options: FileWorkOptions): Promise<SigningDirective>

  /**
   * Writes the signature, whole, into an empty file of the signer's own.
   *
   * @throws SigningError; whatever key and time-stamp authority throw; the signal's reason
   */
  make(
    file: OpenFile,
    directive: SigningDirective,
    means: DetachedMeans,
    output: FileHandle,
    options: FileWorkOptions,
  ): Promise<void>

  /**
   * Verifies a signature strictly against the file: nothing in it but what it must hold. It believes neither `make` nor the digests of the
   * plan. What a signature does not say of itself, such as the padding of a raw one, is verified as the directive has it.
   *
   * @throws SigningError
   */
  verify(
    file: OpenFile,
    signature: OpenFile,
    expectation: DetachedExpectation,
    options: FileWorkOptions,
  ): Promise<FoundDirective>
}

/** What a detached signature must be, and whom to trust. */
export interface DetachedExpectation extends Omit<SignatureExpectation, 'kept' | 'directives' | 'fileName'> {
  readonly directive: SigningDirective
  /** The OpenPGP certificate as it was issued, in its binary form; left out where an X.509 one signs. */
  readonly openPgpCertificate?: Uint8Array | undefined
}

/** What detached signatures are made with. */
export interface DetachedMeans extends SigningMeans {
  /** The OpenPGP certificate of the key, in its binary form; left out where the certificate is an X.509 one. */
  readonly openPgpCertificate?: Uint8Array | undefined
  /** The signer's clock: signatures that state when they were made state this. */
  readonly now: () => Date
}
