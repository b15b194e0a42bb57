import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { endsRequest, remedyOf, stepFailureCodes } from '../../domain/step-failures.ts'
import { areasOfCodes, codesOfSource } from '../support/codes-of-source.ts'

const { ending, passing } = stepFailureCodes

/**
 * Codes of the rooms that steps work with which no step fails with: those of people's commands, of uploads and of set-up.
 */
const ofOthers = new Set([
  'TEMPORAL_UNAVAILABLE',
  // What is wrong with an artifact configuration when it is saved, and with parameters when they are submitted.
  ...[
    'TOO_DEEP',
    'TOO_MANY',
    'ENCODING',
    'MALFORMED',
    'DOCUMENT_TYPE',
    'INSTRUCTION',
    'INVISIBLE',
    'TEXT',
    'NAMESPACE',
    'ELEMENT_UNKNOWN',
    'ELEMENT_MISPLACED',
    'ELEMENT_MISSING',
    'ATTRIBUTE_UNKNOWN',
    'ATTRIBUTE_MISSING',
    'VALUE',
    'PATH_REPEATED',
  ].map((what) => `ARTIFACT_CONFIGURATION_${what}`),
  ...['DIRECTIVE_ORDER', 'DIRECTIVE_REPEATED', 'DIRECTIVE_NEEDS_ZIP'],
  ...['PARAMETER_NOT_DECLARED', 'PARAMETER_REPEATED', 'PARAMETER_UNUSED', 'PARAMETER_MISSING'],
  'PARAMETER_UNKNOWN',
  'SIGNING_REQUEST_MISMATCH',
  // Manifests are read by queries only.
  'MANIFEST_MALFORMED',
  // Deliveries of mail and of web hooks have workflows of their own.
  'NOTIFICATION_UNKNOWN',
  // What follows the log with a checkpoint.
  'EVENT_LOG_REPLACED',
  // Commands of people to requests, and to what requests rest on.
  ...['ALREADY_APPROVED', 'NOT_AN_APPROVER', 'SUBMITTER_MAY_NOT_APPROVE', 'SIGNING_REQUEST_EXISTS'],
  'ORIGIN_URL_MALFORMED',
  'ORIGIN_BUILD_TOO_LARGE',
  ...['API_TOKEN_SCOPE_EXCEEDED', 'API_TOKEN_SCOPE_MALFORMED'],
  ...['API_TOKEN_EXPIRY_PAST', 'API_TOKEN_NOT_FOUND', 'ROLE_HELD', 'ROLE_NOT_HELD'],
  ...['TOKEN_EXPIRED', 'TOKEN_INVALID', 'TOKEN_REVOKED'],
  ...['USER_INVITED', 'INVITATION_NOT_FOUND', 'EMAIL_ADDRESS_PROVED'],
  ...['BUILD_ACTOR_LINKED', 'BUILD_ACTOR_MALFORMED', 'BUILD_ACTOR_NOT_LINKED', 'BUILD_ACTORS_TOO_MANY'],
  'BUILD_ACTOR_TOO_MANY_USERS',
  'NOTIFICATION_NEEDS_PERSON',
  ...['INVITATION_ACCEPTED', 'INVITATION_EXPIRED', 'INVITATION_INVALID', 'INVITATION_REVOKED'],
  ...['GROUP_EXISTS', 'GROUP_NOT_FOUND', 'GROUP_TOO_LARGE', 'GROUP_UNCHANGED'],
  ...['USER_ACTIVE', 'USER_DEACTIVATED', 'USER_ERASED', 'USER_EXISTS', 'USER_NOT_FOUND'],
  ...['APPROVAL_DEADLINE', 'APPROVAL_QUORUM', 'APPROVAL_QUORUM_UNREACHABLE', 'MEMBERS_REPEATED'],
  ...['RELEASE_NEEDS_ISSUED_CERTIFICATE', 'RELEASE_NEEDS_STRONG_KEY', 'RELEASE_NEEDS_TIMESTAMP'],
  ...['HASH_SIGNING_WITH_TIMESTAMP', 'OPENPGP_POLICY_INVALID', 'USER_ID_MALFORMED'],
  ...['ORIGIN_VERIFICATION_NEEDS_BUILD_SYSTEM', 'ORIGIN_VERIFICATION_WITH_HASHES', 'ORIGIN_BRANCHES_INVALID'],
  ...['PROJECT_REPOSITORY_NEEDED', 'GLOB_MALFORMED', 'SOURCE_SUMMARY_REFUSED', 'SOURCE_SUMMARY_RULE_INVALID'],
  ...['SIGNING_POLICY_ACTIVE', 'SIGNING_POLICY_EXISTS', 'SIGNING_POLICY_SLUG_TAKEN', 'SIGNING_POLICY_TOO_LARGE'],
  ...['ARTIFACT_CONFIGURATION_ACTIVE', 'ARTIFACT_CONFIGURATION_EXISTS', 'ARTIFACT_CONFIGURATION_SLUG_TAKEN'],
  ...['ARTIFACT_CONFIGURATION_UNCHANGED', 'ARTIFACT_CONFIGURATION_TOO_LARGE', 'ARTIFACT_CONFIGURATION_INVALID'],
  ...['PARAMETER_INVALID', 'DIRECTIVE_NOT_SUPPORTED'],
  'STATEMENT_KEY_UNCHANGED',
  ...['ORGANIZATION_EXISTS', 'ORGANIZATION_NOT_FOUND', 'PROJECT_SLUG_TAKEN'],
  ...['PROJECT_ACTIVE', 'PROJECT_EXISTS', 'REPOSITORY_URL_MALFORMED', 'NAME_MALFORMED'],
  'FORBIDDEN',
  // What an authentication proxy says of a node, read where the request comes in.
  ...['PROXY_STATEMENT_EXPIRED', 'PROXY_STATEMENT_MALFORMED', 'PROXY_STATEMENT_MISMATCH', 'PROXY_STATEMENT_UNTRUSTED'],
  // What administrators do with trusted build systems, their tokens, and the keys of their proxies.
  ...['PROXY_KEY_KIND_WRONG', 'PROXY_KEY_MALFORMED', 'PROXY_KEY_NOT_FOUND', 'PROXY_KEY_REGISTERED'],
  ...['TRUSTED_BUILD_SYSTEM_EXISTS', 'TRUSTED_BUILD_SYSTEM_UNCHANGED', 'TRUSTED_BUILD_SYSTEM_KIND_UNKNOWN'],
  ...['TRUSTED_BUILD_SYSTEM_ENABLED', 'TRUSTED_BUILD_SYSTEM_LINKED', 'TRUSTED_BUILD_SYSTEM_TOO_LARGE'],
  ...['TRUSTED_BUILD_SYSTEM_LINK_UNCHANGED', 'ORIGIN_LINK_TOO_LARGE'],
  ...[
    'TRUSTED_BUILD_SYSTEM_TOKEN_INVALID',
    'TRUSTED_BUILD_SYSTEM_TOKEN_OVERLAP',
    'TRUSTED_BUILD_SYSTEM_TOKEN_REPLACED',
  ],
  // Web hooks, which no request depends on.
  ...['WEB_HOOK_EXISTS', 'WEB_HOOK_NOT_FOUND', 'WEB_HOOK_UNCHANGED', 'WEB_HOOK_DISABLED', 'WEB_HOOK_ENABLED'],
  ...['WEB_HOOK_EVENT_TYPES', 'WEB_HOOK_SECRET_OVERLAP', 'WEB_HOOK_URL_MALFORMED', 'WEB_HOOK_SECRET_LOST'],
  ...['WEB_HOOK_SECRET_MALFORMED', 'WEB_HOOK_AUTHORIZATION_MALFORMED', 'WEB_HOOKS_TOO_MANY'],
  // Exports, and what people administer.
  ...['EXPORT_CUT', 'EXPORT_LINES_MISSING', 'EXPORT_LINE_CHANGED', 'EXPORT_LINE_MALFORMED', 'EXPORT_LINE_MOVED'],
  ...['EXPORT_LINE_TOO_LONG', 'EXPORT_NOT_AN_EXPORT', 'EXPORT_PARTIAL', 'EXPORT_VERSION_UNKNOWN'],
  ...['PROJECT_TOO_LARGE', 'PROJECT_UNCHANGED', 'ROLE_NEEDS_PERSON', 'SIGNING_POLICY_UNCHANGED'],
  // Proposed changes of rules, and which need approvals.
  ...['CHANGE_PROPOSAL_EXISTS', 'CHANGE_PROPOSAL_NOT_FOUND', 'CHANGE_PROPOSAL_FINAL', 'CHANGE_PROPOSAL_EXPIRED'],
  ...['CHANGE_NOT_APPROVED', 'CHANGE_APPROVED_BEFORE', 'CHANGE_APPROVER_IS_AUTHOR', 'CHANGE_APPROVER_NOT_A_PERSON'],
  ...['CHANGE_TOO_LARGE', 'CHANGE_CONTROL_INVALID', 'CHANGE_CONTROL_UNREACHABLE', 'CHANGE_CONTROL_UNCHANGED'],
  ...['KEY_IN_USE', 'KEY_DELETION_NOT_REQUESTED', 'KEY_DELETION_EXPIRED', 'KEY_DELETION_SAME_PERSON'],
  ...['KEY_LABEL_MISMATCH', 'KEY_DELETION_NOT_CONFIRMED'],
  ...['CERTIFICATE_IMPORTED', 'SEALED_KEY_TOO_LARGE', 'IMPORTED_KEY_UNSUPPORTED'],
  ...['PKCS11_KEY_NOT_PAIRED', 'PKCS11_UNWRAP_FAILED'],
  // Grants: a worker that is refused one looks at the next.
  ...['GRANT_EXISTS', 'GRANT_NOT_FOUND', 'GRANT_NOT_IN_FORCE', 'GRANT_EXHAUSTED', 'GRANT_USED_BEFORE'],
  ...['GRANT_WINDOW_INVALID', 'GRANT_REQUESTS_INVALID', 'GRANT_GLOBS_INVALID', 'GRANT_WITHOUT_APPROVAL'],
  'GRANTS_TOO_MANY',
  ...['KEY_EXISTS', 'KEY_STORE_NAME_MALFORMED', 'CERTIFICATE_EXISTS', 'CERTIFICATE_VALIDITY'],
  ...['ALTERNATIVE_NAME_MALFORMED', 'CERTIFICATE_CONTINUITY', 'CERTIFICATE_ENABLED', 'CERTIFICATE_EXPIRY_NOT_DUE'],
  ...[
    'CERTIFICATE_RENEWAL_PERIOD',
    'CERTIFICATE_RENEWAL_REQUESTED',
    'CERTIFICATE_FAILURE_KNOWN',
    'CERTIFICATE_RESTRICTIONS_INVALID',
  ],
  // Requests to authorities, and what they issue.
  ...['X509_ALTERNATIVE_NAME_INVALID', 'CERTIFICATE_FILE_TOO_LARGE', 'CERTIFICATE_FILE_EMPTY', 'PKCS7_MALFORMED'],
  ...['ISSUED_KEY_MISMATCH', 'ISSUED_AMBIGUOUS', 'ISSUED_SELF_SIGNED', 'ISSUED_EXPIRED', 'ISSUED_NOT_YET_VALID'],
  ...['ISSUED_IS_AUTHORITY', 'ISSUED_KEY_USAGE', 'ISSUED_EXTENDED_KEY_USAGE', 'ISSUED_CRITICAL_EXTENSION'],
  ...['CHAIN_INCOMPLETE', 'CHAIN_SIGNATURE_INVALID', 'CHAIN_NOT_VALID', 'CHAIN_NOT_AUTHORITY', 'CHAIN_KEY_USAGE'],
  ...['CHAIN_PATH_LENGTH', 'CHAIN_EXTENDED_KEY_USAGE', 'CHAIN_CRITICAL_EXTENSION', 'CHAIN_ALGORITHM_WEAK'],
  ...[
    'CHAIN_ROOT_UNTRUSTED',
    'EST_SERVER_NAME_MALFORMED',
    'EST_SERVER_NOT_CONFIGURED',
    'EST_NAMES_CHANGED',
    'EST_UNAVAILABLE',
    'EST_PENDING',
    'EST_UNAUTHORIZED',
    'EST_REFUSED',
    'EST_ANSWER_INVALID',
  ],
  // The name of an area, and what only time-stamps can be.
  ...['AUTHENTICODE', 'DETACHED', 'JAR', 'JSF', 'NUGET', 'XML'].flatMap((area) =>
    ['TIMESTAMP', 'IMPRINT_MISMATCH', 'NONCE_MISMATCH'].map((kind) => `${area}_${kind}`),
  ),
  // Uploads, time-stamps that the service gives itself, and tokens that it makes.
  'ARTIFACT_COLLECTION_MISMATCH',
  ...['UPLOAD_EMPTY', 'UPLOAD_NOT_FOUND', 'UPLOAD_QUOTA_EXCEEDED', 'TIMESTAMP_REQUEST_MALFORMED'],
  ...['PKCS11_NO_FREE_SLOT', 'PKCS11_SESSIONS_INVALID', 'PKCS11_TOKEN_EXISTS', 'PKCS11_TOKEN_LABEL_INVALID'],
])

const rooms = 'activities|archives|artifacts|sources|outgoing|secrets|signing|event-log|workflows'
const domain = 'domain/(?:decider|[^/]+/).*'
const ofSteps = new RegExp(`^(?:(?:${rooms})/|${domain})`)

describe('the codes that a step of a request can fail with', () => {
  const thrown = [
    ...new Set(codesOfSource().flatMap(({ code, path }) => (ofSteps.test(path) ? areasOfCodes(code) : []))),
  ]

  it('each say whether they end the request or let it wait, and not both', () => {
    const known = new Set([...ending, ...passing, ...ofOthers])
    expect(thrown.filter((code) => !known.has(code)).toSorted()).toEqual([])
    expect(ending.filter((code) => passing.includes(code))).toEqual([])
    expect([...ending, ...passing].filter((code) => ofOthers.has(code))).toEqual([])
  })

  it('end a request when they concern it, and no request when they concern the service', () => {
    for (const code of [
      'PE_TRUNCATED',
      'FORMAT_NOT_SUPPORTED',
      'CERTIFICATE_DISABLED',
      'KEY_DISABLED',
      'QUORUM_NOT_REACHED',
    ])
      expect(endsRequest(code)).toBe(true)
    const service = ['TIMESTAMP_NOT_CONFIGURED', 'KEY_NOT_IN_STORE', 'EVENT_TYPE_UNKNOWN', 'ARTIFACT_NOT_FOUND']
    const families = passing.filter((code) => /^(?:PKCS11|EVENT_LOG|PAYLOAD|ARTIFACT_STORE)_/.test(code))
    expect(families.length).toBeGreaterThan(30)
    for (const code of [...service, ...families, 'A_CODE_OF_ANOTHER_RELEASE', 'toString'])
      expect(endsRequest(code)).toBe(false)
    expect(ending.filter((code) => /^(?:PKCS11|EVENT_LOG|EVENT|PAYLOAD|ARTIFACT_STORE)_/.test(code))).toEqual([])
  })

  it('have the remedies that docs/error-codes.md has', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/error-codes.md'), 'utf8')
    const rows = [...page.matchAll(/^\| `([^`]+)` \| .* \| (.*) \|$/gm)].map(([, code = '', remedy = '']) => ({
      code,
      remedy,
    }))
    // A code's own row stands above the one of all areas.
    const ofAreas = rows.flatMap(({ code, remedy }) => areasOfCodes(code).map((each) => [each, remedy] as const))
    const remedies = new Map([...ofAreas, ...rows.map(({ code, remedy }) => [code, remedy] as const)])
    for (const code of [...ending, ...passing]) expect([code, remedyOf(code)]).toEqual([code, remedies.get(code)])
    expect([...remedies].filter(([, remedy]) => /^The same\b/.test(remedy))).toEqual([])
    expect(remedyOf('A_CODE_OF_ANOTHER_RELEASE')).toBeNull()
  })
})
