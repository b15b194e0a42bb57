const doNotTrust = 'Do not trust it.'
const trustTheRoot = 'Trust the root, if it deserves it.'
const takeAnotherAuthority = 'Do not trust it; of an authority that sends such time-stamps take another one.'

/**
 * What the signature of a file is refused with by whoever verifies it, and what to do about it. It is a matter of the file alone.
 *
 * @param area the first part of the codes, such as `JAR`
 */
export function endingOfSignatures(area: string): Readonly<Record<string, string>> {
  return withArea(area, {
    MALFORMED: doNotTrust,
    ALGORITHM_UNSUPPORTED: doNotTrust,
    ATTRIBUTES_INVALID: doNotTrust,
    DIGEST_MISMATCH: doNotTrust,
    SIGNATURE_INVALID: doNotTrust,
    CERTIFICATE_MISSING: doNotTrust,
    CERTIFICATE_UNSUITABLE: doNotTrust,
    CERTIFICATE_EXPIRED: doNotTrust,
    UNSIGNED_CONTENT: takeAnotherAuthority,
  })
}

/**
 * What concerns the service when it verifies the signature of a file: whom it trusts, and the time-stamp that an authority gave.
 *
 * @param area as in {@link endingOfSignatures}
 */
export function passingOfSignatures(area: string): Readonly<Record<string, string>> {
  return {
    ...withArea(area, { CHAIN_UNTRUSTED: trustTheRoot }),
    ...withArea([area, 'TIMESTAMP'].join('_'), {
      MALFORMED: doNotTrust,
      ALGORITHM_UNSUPPORTED: doNotTrust,
      ATTRIBUTES_INVALID: doNotTrust,
      DIGEST_MISMATCH: doNotTrust,
      SIGNATURE_INVALID: doNotTrust,
      CERTIFICATE_MISSING: doNotTrust,
      CERTIFICATE_UNSUITABLE: doNotTrust,
      CERTIFICATE_EXPIRED: doNotTrust,
      CHAIN_UNTRUSTED: trustTheRoot,
      UNSIGNED_CONTENT: takeAnotherAuthority,
      IMPRINT_MISMATCH: doNotTrust,
      NONCE_MISMATCH: doNotTrust,
    }),
  }
}

function withArea(area: string, remedies: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(remedies).map(([kind, remedy]) => [`${area}_${kind}`, remedy]))
}
