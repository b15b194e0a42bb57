import type {
  ArtifactConfigurationId,
  BuildSecretId,
  Sha256Digest,
  SigningRequestCommand,
  SigningRequestEvent,
} from '../../domain/index.ts'
import type { RefusedCase } from './decider-spec.ts'
import { approve, cancel, deny, submit, submitFrom, waiting } from './signing-request-history.ts'
import { aSubmission, fixedUuid, people } from './submission.ts'

const { anna } = people
const secretId = fixedUuid<BuildSecretId>('5')
const submitBuilt = (fields: Readonly<Record<string, unknown>>, names: readonly string[]): SigningRequestCommand => ({
  ...submit,
  submission: aSubmission({ build: { fields, secrets: names.map((name) => ({ name, secretId })) } }),
})

const submitConfigured = (parameters: Readonly<Record<string, string>>): SigningRequestCommand => {
  const documentDigest = 'c1'.repeat(32) as Sha256Digest
  const artifactConfigurationId = fixedUuid<ArtifactConfigurationId>('6')
  const artifactConfiguration = { artifactConfigurationId, version: 1, documentDigest, parameters }
  return { ...submit, submission: aSubmission({ artifactConfiguration }) }
}

/** Commands of a signing request that say something in a form that it cannot have. */
export const malformedCases: readonly RefusedCase<SigningRequestCommand, SigningRequestEvent>[] = [
  ...['', 'Upload', 'a b', 'x'.repeat(65)].map(
    (kind) => ['SOURCE_MALFORMED', `the kind ${JSON.stringify(kind)}`, [], submitFrom({ kind })] as const,
  ),
  ...[-1, 0.5, Number.NaN, 2 ** 60].map(
    (bytes) => ['SOURCE_MALFORMED', `${bytes} bytes`, [], submitFrom({ size: bytes })] as const,
  ),
  ['TEXT_TOO_LONG', 'a comment', waiting, { ...deny(anna), comment: 'x'.repeat(4001) } as SigningRequestCommand],
  [
    'TEXT_TOO_LONG',
    'a description',
    [],
    { ...submit, submission: aSubmission({ description: 'x'.repeat(4001) }) } as SigningRequestCommand,
  ],
  [
    'NAME_MALFORMED',
    'a version without visible characters',
    [],
    { ...submit, submission: aSubmission({ version: '\u200b' }) } as SigningRequestCommand,
  ],
  ['TEXT_MALFORMED', 'a comment with NUL', waiting, { ...approve(anna), comment: 'a\0b' } as SigningRequestCommand],
  [
    'TEXT_MALFORMED',
    'a reason with half a character',
    waiting,
    { ...cancel, reason: '\udc00' } as SigningRequestCommand,
  ],
  ['TEXT_TOO_LONG', 'a reason', waiting, { ...cancel, reason: 'x'.repeat(4001) } as SigningRequestCommand],
  [
    'TEXT_MALFORMED',
    'a comment that turns the direction of reading',
    waiting,
    { ...approve(anna), comment: 'safe \u202etnuoma' } as SigningRequestCommand,
  ],
  ...['', '.', '..', 'a/b', 'a\\b', 'a\nb', '\u0085', 'x'.repeat(256), '\ud800.exe', 'a\u202egpj.exe', '\u200eb'].map(
    (fileName) => {
      return ['FILE_NAME_MALFORMED', JSON.stringify(fileName), [], submitFrom({ fileName })] as const
    },
  ),
  ['PARAMETER_INVALID', 'what nobody sees in a parameter', [], submitConfigured({ edition: 'a\u202eb' })],
  ['ORIGIN_BUILD_TOO_LARGE', 'fields of a build', [], submitBuilt({ run: 'x'.repeat(16_384) }, [])],
  ['ORIGIN_BUILD_INVALID', 'a secret of a build twice', [], submitBuilt({}, ['token', 'token'])],
  ['ORIGIN_BUILD_INVALID', 'nine secrets of a build', [], submitBuilt({}, [...'abcdefghi'])],
]
