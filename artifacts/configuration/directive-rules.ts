import type { AttributeValue } from '../../domain/index.ts'

/** What an attribute's value is. */
export type AttributeRule = {
  readonly type: 'text' | 'boolean' | 'integer' | 'choice'
  /** Of a choice: every value. Of an integer, where only some have a meaning: those. */
  readonly values?: readonly string[]
  /**
   * What texts must look like, and that as the end of a sentence that begins "must be"; as far as it can be said in a regular
   * expression of XML Schema also that.
   */
  readonly form?: { readonly pattern: RegExp; readonly is: string; readonly schemaPattern: string }
  /** What holds when it is not written; `undefined`: it must be. `null`: nothing. */
  readonly default?: AttributeValue
  /** Whether it is one of this service's own, in another namespace. */
  readonly isOption?: boolean
}

/** What a directive is. */
export type DirectiveRule = {
  readonly name: string
  /**
   * `verification` stands before the others. `provenance` signs no file, and stands where signing ones do. `nested` stands in other
   * directives alone.
   */
  readonly kind: 'verification' | 'signing' | 'provenance' | 'nested'
  readonly attributes: Readonly<Record<string, AttributeRule>>
  /** Directives that may stand in it, each once. */
  readonly children: readonly string[]
  /** `zip`: the element must be in a `zip-file`, where new files go. `root`: the element must be the root. */
  readonly needs: 'zip' | 'root' | null
}

const text: AttributeRule = { type: 'text' }
const optionalText: AttributeRule = { type: 'text', default: null }
const choice = (values: readonly string[], otherwise?: string | null): AttributeRule => ({
  type: 'choice',
  values,
  ...(otherwise !== undefined && { default: otherwise }),
})
const optionalAppend: AttributeRule = { type: 'boolean', default: false, isOption: true }
const integer: AttributeRule = { type: 'integer', default: null }

/** Every name of a hash algorithm. Which of them a format or a policy allows is theirs to say. */
const hashes = ['sha1', 'sha256', 'sha384', 'sha512']
const hashAlgorithm = choice(hashes, 'sha256')
const rsaPadding = choice(['pkcs1', 'pss'], null)
const outputFileName: AttributeRule = {
  type: 'text',
  form: {
    pattern: /^(?!\.{1,2}$)[^/\\]{1,255}$/,
    schemaPattern: '[^/\\\\]{1,255}',
    is: `a file name of 1 to 255 characters without folders, such as \${file.name}.sig`,
  },
}
/** Of OpenPGP keys of version 4 or 6. */
const fingerprint: AttributeRule = {
  type: 'text',
  form: {
    pattern: /^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$/,
    schemaPattern: '[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}',
    is: 'the fingerprint of an OpenPGP key: 40 or 64 hexadecimal digits',
  },
}

const base = { attributes: {}, children: [], needs: null } as const
const verification = { ...base, kind: 'verification' } as const
const signing = { ...base, kind: 'signing' } as const
const detached = { ...signing, needs: 'zip' } as const

/** What can stand in elements, by name. */
export const directiveRules: ReadonlyMap<string, DirectiveRule> = new Map(
  (
    [
      { ...verification, name: 'authenticode-verify' },
      { ...verification, name: 'jar-verify' },
      { ...verification, name: 'nuget-verify' },
      { ...verification, name: 'xml-verify' },
      {
        ...verification,
        name: 'gpg-verify',
        needs: 'zip',
        attributes: {
          'signature-file-name': { ...outputFileName, default: `\${file.name}.asc` },
          'key-file-name': outputFileName,
          'key-fingerprint': fingerprint,
        },
      },
      {
        ...signing,
        name: 'authenticode-sign',
        attributes: {
          'hash-algorithm': hashAlgorithm,
          append: { type: 'boolean', default: false },
          description: optionalText,
          'description-url': optionalText,
          'page-hashes': { type: 'boolean', default: false, isOption: true },
        },
      },
      {
        ...signing,
        name: 'jar-sign',
        attributes: {
          'manifest-hash-algorithm': hashAlgorithm,
          'hash-algorithm': hashAlgorithm,
          append: optionalAppend,
        },
      },
      {
        ...signing,
        name: 'jsf-sign',
        attributes: { 'hash-algorithm': hashAlgorithm, 'rsa-padding': rsaPadding },
      },
      {
        ...signing,
        name: 'nuget-sign',
        attributes: {
          'signature-type': { ...choice(['author', 'repository'], 'author'), isOption: true },
          'service-index-url': { ...optionalText, isOption: true },
          'package-owners': { ...optionalText, isOption: true },
          'hash-algorithm': { ...hashAlgorithm, isOption: true },
          append: optionalAppend,
        },
      },
      { ...signing, name: 'opc-sign' },
      { ...signing, name: 'office-macro-sign' },
      { ...signing, name: 'rpm-sign' },
      { ...signing, name: 'clickonce-sign' },
      {
        ...signing,
        name: 'apk-sign',
        attributes: { 'min-sdk-version': integer, 'max-sdk-version': integer },
      },
      {
        ...signing,
        name: 'debsigs-sign',
        attributes: {
          'signature-type': {
            type: 'text',
            form: {
              pattern: /^[a-z][a-z0-9]{0,11}$/,
              schemaPattern: '[a-z][a-z0-9]{0,11}',
              is: 'a type of signatures such as origin, maint or archive: 1 to 12 small letters and digits',
            },
          },
        },
      },
      {
        ...signing,
        name: 'xml-sign',
        attributes: { 'key-info-x509-data': choice(['none', 'leaf', 'whole-chain', 'exclude-root'], 'leaf') },
      },
      { ...signing, name: 'notation-sign', attributes: { tag: text } },
      { ...signing, name: 'cosign-sign', attributes: { tag: text } },
      {
        ...detached,
        name: 'dsse-sign',
        attributes: {
          'output-file-name': outputFileName,
          'payload-type': text,
          'hash-algorithm': hashAlgorithm,
          'rsa-padding': rsaPadding,
        },
      },
      {
        ...detached,
        name: 'smime-sign',
        attributes: {
          'output-file-name': outputFileName,
          normalization: choice(['line-endings', 'none'], 'line-endings'),
          'hash-algorithm': hashAlgorithm,
          'rsa-padding': rsaPadding,
        },
      },
      {
        ...detached,
        name: 'create-cms-signature',
        attributes: {
          'output-file-name': outputFileName,
          'output-encoding': choice(['pem', 'der']),
          'hash-algorithm': hashAlgorithm,
          'rsa-padding': rsaPadding,
        },
      },
      {
        ...detached,
        name: 'create-gpg-signature',
        attributes: {
          'output-file-name': outputFileName,
          'output-encoding': choice(['ascii-armored', 'binary'], 'ascii-armored'),
          'hash-algorithm': hashAlgorithm,
          version: { type: 'integer', values: ['4'], default: 4 },
        },
      },
      {
        ...detached,
        name: 'create-raw-signature',
        attributes: {
          'output-file-name': outputFileName,
          'hash-algorithm': choice(hashes),
          'rsa-padding': rsaPadding,
        },
      },
      { ...base, kind: 'provenance', name: 'include-in-provenance' },
      {
        kind: 'provenance',
        name: 'create-provenance-file',
        attributes: { 'output-file-name': outputFileName },
        children: ['create-attestation-signature', 'create-verification-summary-file'],
        needs: 'root',
      },
      {
        ...base,
        kind: 'nested',
        name: 'create-verification-summary-file',
        attributes: { 'output-file-name': outputFileName },
        children: ['create-attestation-signature'],
      },
      {
        ...base,
        kind: 'nested',
        name: 'create-attestation-signature',
        attributes: { type: choice(['cms', 'dsse']), 'output-file-name': outputFileName },
      },
    ] satisfies readonly DirectiveRule[]
  ).map((rule) => [rule.name, rule]),
)
