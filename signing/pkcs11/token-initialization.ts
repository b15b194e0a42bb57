import type { PKCS11 } from 'pkcs11js'
import pkcs11js from 'pkcs11js'
import { SigningError } from '../signing-error.ts'
import { tokenSlot, tokenSlots } from './cryptoki.ts'
import type { SessionArgument, TokenIdentity } from './session-request.ts'

/** CK_TOKEN_INFO has 32 bytes for the label. */
const labelLength = 32

/**
 * Initialises the first token that has not been initialised yet: label, security officer's PIN, user's PIN.
 *
 * @throws SigningError `PKCS11_TOKEN_LABEL_INVALID`, `PKCS11_TOKEN_EXISTS`, `PKCS11_NO_FREE_SLOT`; what the binding throws
 */
export function initializeToken(
  module: PKCS11,
  { label, soPin, userPin }: SessionArgument<'initializeToken'>,
): TokenIdentity {
  const length = Buffer.byteLength(label)
  if (length === 0 || length > labelLength) {
    throw new SigningError(
      'PKCS11_TOKEN_LABEL_INVALID',
      `A token label has 1 to ${labelLength} bytes of UTF-8; this one has ${length}.`,
    )
  }
  if (tokenSlots(module).some((slot) => slot.label === label)) {
    throw new SigningError('PKCS11_TOKEN_EXISTS', `There is a token labelled '${label}' already.`)
  }
  const free = module
    .C_GetSlotList(true)
    .find((slot) => (module.C_GetTokenInfo(slot).flags & pkcs11js.CKF_TOKEN_INITIALIZED) === 0)
  if (free === undefined) {
    throw new SigningError('PKCS11_NO_FREE_SLOT', 'Every token of the module is initialised already.')
  }
  // C_InitToken reads 32 bytes whatever the string's length, so the padding is not optional.
  module.C_InitToken(free, soPin, label + ' '.repeat(labelLength - length))
  const { slot } = tokenSlot(module, { label, serialNumber: undefined })
  const session = module.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION)
  try {
    module.C_Login(session, pkcs11js.CKU_SO, soPin)
    module.C_InitPIN(session, userPin)
    module.C_Logout(session)
  } finally {
    module.C_CloseSession(session)
  }
  const { serialNumber, manufacturer, model } = tokenSlot(module, { label, serialNumber: undefined })
  return { label, serialNumber, manufacturer, model }
}
