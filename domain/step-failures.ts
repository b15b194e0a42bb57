import { passing } from './passing-failures.ts'

// The remedies are those of docs/error-codes.md, and the codes all that a step of a request can fail with. A test compares.

/** What concerns a request itself: its bytes, its rules, its people. Trying again would not help. */
const ending: Readonly<Record<string, string>> = {
  APPROVAL_FROM_BUILD: 'Have a person approve, with a credential of their own alone.',
  APPROVAL_NOT_BY_APPROVER: 'An attempt at forgery, or a damaged log: look into it.',
  APPROVAL_NOT_BY_GRANT: 'Have an approver approve; if nobody revoked or changed anything, look into it.',
  APPROVER_DEACTIVATED: 'Have another approver approve.',
  APPROVER_NOT_IN_GROUP: 'Have another approver approve.',
  APPROVER_UNKNOWN: 'An attempt at forgery, or a damaged log: look into it.',
  ARTIFACT_NOT_AS_ANNOUNCED: 'Submit again, with what is there.',
  ARTIFACT_TOO_LARGE: 'Send a smaller one, or have the limit raised.',
  AUTHENTICODE_ALGORITHM_UNSUPPORTED: 'Have it signed again.',
  AUTHENTICODE_ATTRIBUTES_INVALID: 'Do not trust it.',
  AUTHENTICODE_CERTIFICATE_EXPIRED: 'Do not trust it.',
  AUTHENTICODE_CERTIFICATE_MISSING: 'Do not trust it.',
  AUTHENTICODE_CERTIFICATE_UNSUITABLE: 'Do not trust it.',
  AUTHENTICODE_CHECKSUM_MISMATCH: 'Do not trust the file.',
  AUTHENTICODE_DESCRIPTION_INVALID: 'Shorten or correct it.',
  AUTHENTICODE_DESCRIPTION_URL_INVALID:
    'An absolute `http` or `https` address in ASCII: percent-encoded, its host by IDNA.',
  AUTHENTICODE_DIGEST_MISMATCH: 'Do not trust the file.',
  AUTHENTICODE_EFI_LAYOUT_INVALID: 'Do not sign or use the file: build it again.',
  AUTHENTICODE_EXISTING_SIGNATURE_INVALID: 'Replace it, or build the file again.',
  AUTHENTICODE_EXISTING_SIGNATURE_MALFORMED: 'Replace it, or build the file again.',
  AUTHENTICODE_EXISTING_SIGNATURE_UNSUPPORTED: 'Replace it, or build the file again.',
  AUTHENTICODE_KEPT_SIGNATURE_CHANGED: 'Do not use the file; report it.',
  AUTHENTICODE_MALFORMED: 'Do not trust the file.',
  AUTHENTICODE_NOT_A_PE_FILE: 'Give a PE file.',
  AUTHENTICODE_NOT_SIGNED: 'Give a signed file.',
  AUTHENTICODE_SIGNATURE_INVALID: 'Do not trust it.',
  AUTHENTICODE_TABLE_INVALID: 'Do not trust the file.',
  AUTHENTICODE_UNSIGNED_CONTENT: 'Do not trust the file.',
  BUILD_DATA_NOT_ADDED: 'An attempt at forgery, or a damaged log: look into it.',
  CERTIFICATE_DISABLED: 'Give the policy another one.',
  CERTIFICATE_EXPIRED: 'Give the policy another one.',
  CERTIFICATE_MISMATCH: 'Use the one that is named.',
  CERTIFICATE_NOT_FOUND: 'Check the id.',
  CERTIFICATE_RESTRICTIONS_UNMET: 'Have the policy demand what the message names, or use another certificate.',
  DIRECTIVE_INVALID: 'Correct the directive.',
  DOCUMENT_TOO_LARGE: 'Submit fewer files at once, or with shorter names.',
  EARLIER_REQUEST_NOT_USABLE: 'Name a completed request of the same project.',
  FILE_ALREADY_SIGNED: 'Submit the unsigned file, or ask for `replace` or `append` where the policy allows it.',
  FORMAT_NOT_SUPPORTED: 'Submit one of these.',
  GRANT_REVOKED: 'Have an approver approve, and submit again where the request ended by it.',
  HASH_ALGORITHM_NOT_ALLOWED: 'Use SHA-256, SHA-384 or SHA-512.',
  HASH_LENGTH_WRONG: 'Send the hash itself, in base64.',
  HASH_PAYLOAD_MALFORMED: 'Correct it as the message says.',
  HASH_SIGNATURE_INVALID: 'Look into it.',
  HASH_SIGNING_NOT_ALLOWED: 'Submit the file, or have a project administrator allow it.',
  ID_MALFORMED: 'Use an id as the service gave it.',
  KEY_ALGORITHM_UNSUITABLE: 'Give the policy a certificate with a key of one of these types.',
  KEY_DISABLED: 'Give the policy a certificate with another key.',
  KEY_DESTROYED: 'Give the policy a certificate with another key.',
  KEY_NOT_FOUND: 'Check the id.',
  LINK_LENGTH_UNKNOWN: 'Submit again, and name the SHA-256.',
  LINK_REFUSED: 'See address and headers, and submit again.',
  LINK_SECRETS_GONE: 'Submit again.',
  LINK_UNANSWERED: 'See the server, and submit again.',
  NUGET_COMPRESSION_UNKNOWN: 'Pack it again.',
  NUGET_ENTRY_DUPLICATE: 'Pack it again with one of them.',
  NUGET_ENTRY_ENCRYPTED: 'Pack it again without.',
  NUGET_ENTRY_NAME_REFUSED: 'Pack it again with another name.',
  NUGET_NUSPEC_COUNT: 'Pack it again with one.',
  NUGET_NUSPEC_ENCODING: 'Save it as UTF-8, and pack again.',
  NUGET_NUSPEC_MALFORMED: 'Correct it, and pack again.',
  NUGET_PACKAGE_MALFORMED: 'Pack it again.',
  NUGET_PACKAGE_SIGNED: 'Submit the unsigned package.',
  NUGET_PACKAGE_TOO_LARGE: 'Make it smaller.',
  NUGET_REPOSITORY_DIFFERENT: 'Leave the attribute out, or correct it.',
  NUGET_SETTINGS_PRESENT: 'Leave it out of the package.',
  NUGET_ZIP64_REFUSED: 'Pack it again with less than 65,535 entries and less than 4 GiB.',
  OUTGOING_ADDRESS_REFUSED:
    'Use a public address, or have the operator allow its network by `COUNTERSIGN_OUTGOING_ALLOWED_NETWORKS`.',
  OUTGOING_ANSWER_ENCODED: 'Have the server send it as it is.',
  OUTGOING_ANSWER_TOO_LARGE: 'Send a smaller one, or have the limit raised.',
  OUTGOING_HEADER_INVALID: 'Correct or leave it out.',
  OUTGOING_REDIRECT_REFUSED: 'Name the address that it leads to in the end.',
  OUTGOING_URL_INVALID: 'Correct it; credentials go into a header.',
  ORIGIN_BRANCH_NOT_ALLOWED: 'Build it from one that is allowed, or submit it to another policy.',
  ORIGIN_COMMIT_MALFORMED: 'Have the build system name it in full.',
  ORIGIN_NOT_A_BRANCH: 'Build it from a branch that the policy allows.',
  ORIGIN_NOT_VERIFIED: 'Submit it from a trusted build system that says its origin.',
  ORIGIN_REPOSITORY_MISMATCH: "Submit it to the project of its repository, or correct the project's repository URL.",
  PE_BYTES_BEHIND_CERTIFICATE_TABLE: 'Remove them.',
  PE_CERTIFICATE_TABLE_MALFORMED:
    'Build it again, or remove its signatures; what changes a program after it was signed must remove the signature first.',
  PE_CERTIFICATE_TABLE_OUT_OF_RANGE: 'Build it again, or remove its signatures.',
  PE_CERTIFICATE_TABLE_OVERLAP:
    'Build it again, or remove its signatures; what changes a program after it was signed must remove the signature first.',
  PE_FORMAT_UNSUPPORTED: 'Submit one of these.',
  PE_HEADERS_OUT_OF_RANGE: 'Build it again.',
  PE_HEADER_MISALIGNED: 'Build it again.',
  PE_HEADER_OVERLAP: 'Build it again.',
  PE_NOT_A_PE_FILE: 'Submit a PE file.',
  PE_NO_CERTIFICATE_DIRECTORY: 'Build it again.',
  PE_OPTIONAL_HEADER_TOO_SMALL: 'Build it again.',
  PE_SECTION_GAP: 'Build it again.',
  PE_SECTION_OUT_OF_RANGE: 'The file was cut off: build or copy it again.',
  PE_SECTION_OVERLAP: 'Build it again.',
  PE_TOO_LARGE: 'Submit a smaller one.',
  PE_TRUNCATED: 'Build or copy it again.',
  PLAN_DIGEST_MISMATCH: 'Look at the plan again and approve that one.',
  PLAN_EMPTY: 'A fault of ours; report it.',
  POLICY_MISMATCH:
    'An attempt at forgery, or a damaged log: look into it. When the policy was changed while the request was on its way, submit again.',
  PROJECT_INACTIVE: 'A project administrator can reactivate it.',
  PROJECT_NOT_FOUND: 'Check slug or id.',
  QUORUM_NOT_REACHED: 'Have it approved.',
  RULE_CHANGE_NOT_APPROVED: 'Make the change again, have it approved, and submit again.',
  SIGNATURE_NOT_AS_PLANNED: 'Look into it.',
  SIGNING_POLICY_INACTIVE: 'A project administrator can reactivate it.',
  SIGNING_POLICY_NOT_FOUND: 'Check slug or id; `countersign policy list` shows those that there are.',
  SIGNING_REQUEST_FINAL: 'Submit again.',
  SIGNING_REQUEST_NOT_FOUND: 'Check the id.',
  SUBMITTER_DEACTIVATED: 'Have another submitter submit.',
  SUBMITTER_UNKNOWN: 'An attempt at forgery, or a damaged log: look into it.',
  SUBMITTER_NOT_CI_USER: 'Submit as a CI user; name CI users, or groups of them, as submitters.',
  TIMESTAMP_NOT_POSSIBLE: 'Submit to a policy that demands no time-stamp.',
  TRUSTED_BUILD_SYSTEM_DISABLED: 'A Global Administrator can enable it.',
  TRUSTED_BUILD_SYSTEM_NOT_FOUND: 'Check slug or id.',
  TRUSTED_BUILD_SYSTEM_NOT_LINKED: 'A Global Administrator can link it.',
  TRUSTED_BUILD_SYSTEM_REQUIRED: 'Submit from one, with its token behind the API token.',
  UPLOAD_OVERDUE: 'Submit again, and upload it in time.',
  X509_SUBJECT_INVALID: 'Correct it as the message says.',
  X509_VALIDITY_INVALID: 'Correct it.',
}

/**
 * Whether a step that failed with this code ends its request. What this release does not know does not: another one may
 * have said it.
 */
export function endsRequest(code: string): boolean {
  return Object.hasOwn(ending, code)
}

/** What to do about a code that a step failed with; `null` for one that this release does not know. */
export function remedyOf(code: string): string | null {
  const table = endsRequest(code) ? ending : passing
  return Object.hasOwn(table, code) ? (table[code] ?? null) : null
}

/** Every code that a step can fail with, by what becomes of the request. */
export const stepFailureCodes = { ending: Object.keys(ending), passing: Object.keys(passing) } as const
