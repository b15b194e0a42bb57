import type { Attribute, Handle, PKCS11, Template } from 'pkcs11js'
import pkcs11js from 'pkcs11js'
import { SigningError } from '../signing-error.ts'
import type { PostedFailure, TokenAddress, TokenIdentity } from './session-request.ts'

/** How many object handles are asked for at once. */
const findBatch = 64

/** Handles of all objects that a session sees and that match a template. */
export function findObjects(module: PKCS11, session: Handle, template: Template): Handle[] {
  module.C_FindObjectsInit(session, template)
  try {
    const found: Handle[] = []
    for (;;) {
      const batch = module.C_FindObjects(session, findBatch)
      found.push(...batch)
      if (batch.length < findBatch) return found
    }
  } finally {
    module.C_FindObjectsFinal(session)
  }
}

/** Attribute values of an object, in the order asked for. */
export function attributeValues(module: PKCS11, session: Handle, object: Handle, types: readonly number[]): Buffer[] {
  const template = types.map((type): Attribute => ({ type, value: null as never }))
  return module.C_GetAttributeValue(session, object, template).map((attribute) => attribute.value as Buffer)
}

/** A slot with an initialised token in it. */
export interface TokenSlot extends TokenIdentity {
  readonly slot: Handle
  /** CKF_… flags of CK_TOKEN_INFO. */
  readonly flags: number
}

/** All slots with a token that has been initialised. A slot that cannot be read now counts as empty. */
export function tokenSlots(module: PKCS11): TokenSlot[] {
  const slots: TokenSlot[] = []
  for (const slot of module.C_GetSlotList(true)) {
    try {
      const info = module.C_GetTokenInfo(slot)
      if ((info.flags & pkcs11js.CKF_TOKEN_INITIALIZED) === 0) continue
      slots.push({
        slot,
        flags: info.flags,
        label: unpadded(info.label),
        serialNumber: unpadded(info.serialNumber),
        manufacturer: unpadded(info.manufacturerID),
        model: unpadded(info.model),
      })
    } catch (error) {
      if (postedFailure(error).kind !== 'cryptoki') throw error
    }
  }
  return slots
}

/**
 * The one token that an address names.
 *
 * @throws SigningError `PKCS11_TOKEN_NOT_FOUND`, which says what there is; `PKCS11_TOKEN_AMBIGUOUS`
 */
export function tokenSlot(module: PKCS11, address: TokenAddress): TokenSlot {
  const slots = tokenSlots(module)
  const matching = slots.filter(
    (slot) =>
      slot.label === address.label &&
      (address.serialNumber === undefined || slot.serialNumber === address.serialNumber),
  )
  const [only, another] = matching
  const wanted =
    address.serialNumber === undefined
      ? `labelled '${address.label}'`
      : `labelled '${address.label}' with serial number '${address.serialNumber}'`
  if (only === undefined) {
    const there = slots.map((slot) => `'${slot.label}' (serial number ${slot.serialNumber})`).join(', ')
    throw new SigningError(
      'PKCS11_TOKEN_NOT_FOUND',
      `There is no token ${wanted}; the module shows ${there === '' ? 'no initialised token' : there}.`,
    )
  }
  if (another !== undefined) {
    const serials = matching.map((slot) => slot.serialNumber).join(', ')
    throw new SigningError(
      'PKCS11_TOKEN_AMBIGUOUS',
      `There are ${matching.length} tokens ${wanted}; name one of the serial numbers ${serials}.`,
    )
  }
  return only
}

/** Fields of CK_TOKEN_INFO are padded with blanks; some modules pad with NUL. */
function unpadded(field: string): string {
  return field.replace(/[\0 ]+$/, '')
}

/** Reads what the binding throws: `CKR_NAME:number`, with the name of the function among the stack frames. */
export function postedFailure(thrown: unknown): PostedFailure {
  if (thrown instanceof SigningError) {
    return { kind: 'coded', code: thrown.code, message: thrown.message, transient: thrown.transient }
  }
  const text = thrown instanceof Error ? `${thrown.message}\n${thrown.stack ?? ''}` : String(thrown)
  const rv = /\b(CKR_\w+)(?::(\d+))?/.exec(text)
  if (rv?.[1] !== undefined) {
    const code = (thrown as { code?: unknown }).code
    const rvNumber = rv[2] !== undefined ? Number(rv[2]) : typeof code === 'number' ? code : 0
    return { kind: 'cryptoki', rv: rv[1], rvNumber, call: /\b(C_\w+?)(?:Callback)?\b/.exec(text)?.[1] ?? 'the module' }
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return { kind: 'coded', code: 'PKCS11_FAILED', message: `The PKCS#11 binding failed: ${message}`, transient: false }
}
