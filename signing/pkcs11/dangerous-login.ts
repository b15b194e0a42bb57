import pkcs11js from 'pkcs11js'
import { SigningError } from '../signing-error.ts'

/**
 * A service that restarts by itself with a wrong PIN would use up the last attempt and lock the token for everybody.
 */
export function refuseDangerousLogin(token: { readonly label: string; readonly flags: number }): void {
  if ((token.flags & pkcs11js.CKF_USER_PIN_LOCKED) !== 0) {
    throw new SigningError(
      'PKCS11_PIN_LOCKED',
      `The user PIN of the token '${token.label}' is locked; the security officer must reset it.`,
    )
  }
  if ((token.flags & pkcs11js.CKF_USER_PIN_FINAL_TRY) !== 0) {
    throw new SigningError(
      'PKCS11_PIN_FINAL_TRY',
      `One more wrong PIN would lock the token '${token.label}', so no login is tried; log in to it once by hand, which resets its counter.`,
    )
  }
}
