import type {
  Artifact,
  ExistingSignature,
  PlanNodeContent,
  Sha256Digest,
  SignedFile,
  SigningDirective,
} from '../../domain/index.ts'

/** A signature that a program has already, and that can be read. */
export const readableSignature = {
  kind: 'signature',
  outcome: 'replaced',
  place: 'certificate table',
  depth: 0,
  sha256: 'ab'.repeat(32),
  signer: 'CN=Vendor',
  issuer: 'CN=Authority',
  serialNumber: '0a',
  digestAlgorithm: 'sha1',
  integrity: 'intact',
  timestamp: {
    kind: 'countersignature',
    time: '2020-01-01T00:00:00.000Z',
    authority: null,
    integrity: 'unchecked',
    uncovered: ['attribute certificates'],
  },
  uncovered: ['the unsigned attribute 1.2.3'],
} as const satisfies ExistingSignature

/** One that cannot. */
export const unreadableSignature = {
  kind: 'unreadable',
  outcome: 'replaced',
  place: 'nested signature',
  depth: 1,
  sha256: 'cd'.repeat(32),
  reason: 'It is none.',
} as const satisfies ExistingSignature

/** What is done to the program. */
export const programDirective = {
  directive: 'authenticode-sign',
  attributes: {
    'hash-algorithm': 'sha256',
    append: false,
    description: 'Demo',
    'description-url': null,
  },
  contentDigests: [{ content: 'image', algorithm: 'sha256', digest: 'cd'.repeat(32) }],
} as const satisfies SigningDirective

/** The plan of an artifact that is a program, signed twice already. */
export function oneProgram({ fileName, sha256, size }: Artifact): PlanNodeContent {
  return {
    kind: 'file',
    path: [fileName],
    outcome: 'signed',
    element: null,
    format: 'pe',
    sha256,
    size,
    existingSignatures: [readableSignature, unreadableSignature],
    directives: [programDirective],
  }
}

/** The time-stamp of its new signature, but for the moment. */
export const programTimestamp = { authority: 'http://tsa.example.com', uncovered: ['attribute certificates'] } as const

/** What signing made of it. */
export function oneSignedProgram(
  signed: { readonly sha256: Sha256Digest; readonly size: number },
  time: string,
): SignedFile {
  return {
    node: 0,
    path: ['setup.exe'],
    unsignedSha256: 'ab'.repeat(32) as Sha256Digest,
    signedSha256: signed.sha256,
    signedSize: signed.size,
    signatures: [{ directive: programDirective.directive, timestamp: { time, ...programTimestamp } }],
  }
}
