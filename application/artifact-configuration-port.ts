import type {
  ConfigurationDocument,
  ConfigurationFindings,
  ConfigurationParameters,
  Sha256Digest,
} from '../domain/index.ts'

/** The language of artifact configurations, and where their texts are kept. Errors carry a `code`, and `transient` when trying again may help. */
export interface ConfigurationTexts {
  /** Says what is wrong with a text, and what may be, in the order of its lines. Keeps nothing. */
  inspect(text: string): Promise<ConfigurationFindings>
  /** Keeps a text, under the digest of its bytes. */
  keep(text: string): Promise<ConfigurationDocument>
  /** A text that was kept. Fails with `ARTIFACT_NOT_FOUND`, `ARTIFACT_CORRUPT`. */
  read(documentDigest: Sha256Digest): Promise<string>
  /**
   * Holds given parameters against those that a kept text declares.
   *
   * @throws Refusal `PARAMETER_UNKNOWN`, `PARAMETER_MISSING`
   */
  checkParameters(documentDigest: Sha256Digest, given: ConfigurationParameters): Promise<void>
}
