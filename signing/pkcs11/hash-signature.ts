import type { Handle, Mechanism, PKCS11 } from 'pkcs11js'
import pkcs11js from 'pkcs11js'
import type { SignableHash } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import type { HashMechanism } from '../signing-key.ts'
import { curves } from './public-key.ts'
import { rawSignature, type SigningHandles } from './raw-signature.ts'
import { digestInfo, digestLengths } from './signature-encoding.ts'

/** The mechanisms of RSASSA-PSS (PKCS#11 2.40, mechanisms §2.1.7). */
const pssParameters: Readonly<Record<SignableHash, { readonly hashAlg: number; readonly mgf: number }>> = {
  sha1: { hashAlg: pkcs11js.CKM_SHA_1, mgf: pkcs11js.CKG_MGF1_SHA1 },
  sha256: { hashAlg: pkcs11js.CKM_SHA256, mgf: pkcs11js.CKG_MGF1_SHA256 },
  sha384: { hashAlg: pkcs11js.CKM_SHA384, mgf: pkcs11js.CKG_MGF1_SHA384 },
  sha512: { hashAlg: pkcs11js.CKM_SHA512, mgf: pkcs11js.CKG_MGF1_SHA512 },
}

/**
 * Signs a hash as it is. The signature is not checked: whoever asked for it does that.
 *
 * @throws SigningError `PKCS11_MECHANISM_UNKNOWN` when the key is none for the mechanism; `PKCS11_DIGEST_LENGTH`; what the binding
 *   throws
 */
export function hashSignature(
  module: PKCS11,
  session: Handle,
  key: SigningHandles,
  mechanism: HashMechanism,
  digest: Uint8Array,
): Uint8Array {
  const curve = curves.find(({ algorithm }) => algorithm === key.algorithm)
  if ((mechanism.scheme === 'ecdsa') !== (curve !== undefined))
    throw new SigningError(
      'PKCS11_MECHANISM_UNKNOWN',
      `A key of the type ${key.algorithm} does not sign by ${mechanism.scheme}.`,
    )
  if (mechanism.scheme === 'ecdsa')
    // Cut here, because not every token does.
    return rawSignature(
      module,
      session,
      { mechanism: pkcs11js.CKM_ECDSA },
      key,
      Buffer.from(digest.subarray(0, curve?.fieldLength)),
    )
  const { scheme, hash } = mechanism
  if (digest.length !== digestLengths[hash])
    throw new SigningError(
      'PKCS11_DIGEST_LENGTH',
      `A ${hash} digest has ${digestLengths[hash]} bytes; this one has ${digest.length}.`,
    )
  return scheme === 'pkcs1'
    ? rawSignature(module, session, { mechanism: pkcs11js.CKM_RSA_PKCS }, key, digestInfo(hash, digest))
    : rawSignature(module, session, pss(hash), key, Buffer.from(digest))
}

function pss(hash: SignableHash): Mechanism {
  const parameter = { type: pkcs11js.CK_PARAMS_RSA_PSS, ...pssParameters[hash], saltLen: digestLengths[hash] }
  return { mechanism: pkcs11js.CKM_RSA_PKCS_PSS, parameter }
}
