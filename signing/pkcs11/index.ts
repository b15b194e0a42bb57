/** Keys inside PKCS#11 tokens: HSMs, smart cards, SoftHSM2. */
export * from './key-stores.ts'
export * from './open-token.ts'
export type { TokenIdentity } from './session-request.ts'
export type { Token, TokenKey } from './token.ts'
