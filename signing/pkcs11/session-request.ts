import type { HashAlgorithm, KeyAlgorithm } from '../../domain/index.ts'
import type { HashMechanism } from '../signing-key.ts'

/** Which token of a module is meant: its label and, where several tokens share one, its serial number. */
export interface TokenAddress {
  readonly label: string
  readonly serialNumber: string | undefined
}

/** The public facts of a key pair inside a token. */
export interface KeyDescription {
  /** CKA_ID, which private and public half share. */
  readonly id: Uint8Array
  /** CKA_LABEL of the private half; empty when it has none. */
  readonly label: string
  readonly algorithm: KeyAlgorithm
  /** DER-encoded SubjectPublicKeyInfo (RFC 5280 §4.1.2.7). */
  readonly publicKey: Uint8Array
  /** CKA_ALWAYS_AUTHENTICATE: whether the token wants the PIN for each signature. */
  readonly alwaysAuthenticate: boolean
}

/** What the private half of a key pair is for: signatures, or bringing other keys in that are encrypted for it (RSA only). */
export type KeyUse = 'sign' | 'unwrap'

/** Everything a session thread can be asked to do. One request at a time. */
export interface SessionRequests {
  /** C_Initialize. Answers `guest` when somebody else in this process had done so already. */
  initialize: { argument: { softHsmConfigPath: string | undefined }; answer: 'owner' | 'guest' }
  /** C_Finalize, which ends every session that this process has with the module. */
  finalize: { argument: undefined; answer: undefined }
  /**
   * Closes the session that is open, if one is, opens a new one on the token, and logs in. `generation` counts how often
   * the module was initialised. `shared` says that this process was logged in already, so nobody looked at the PIN.
   */
  open: {
    argument: { token: TokenAddress; pin: string; generation: number }
    answer: { token: TokenIdentity; login: 'fresh' | 'shared' }
  }
  close: { argument: { generation: number }; answer: undefined }
  sign: {
    argument: { key: Pick<KeyDescription, 'id' | 'publicKey'>; hash: HashAlgorithm; digest: Uint8Array }
    answer: Uint8Array
  }
  /** Signs several hashes, one after the other. The signatures are not checked. */
  signHashes: {
    argument: {
      key: Pick<KeyDescription, 'id' | 'publicKey'>
      mechanism: HashMechanism
      digests: readonly Uint8Array[]
    }
    answer: readonly Uint8Array[]
  }
  generateKey: {
    argument: { id: Uint8Array; label: string; algorithm: KeyAlgorithm; use: KeyUse }
    answer: KeyDescription
  }
  importKey: {
    argument: {
      id: Uint8Array
      label: string
      /** DER SubjectPublicKeyInfo that the private key must belong to. */
      publicKey: Uint8Array
      /** CKA_ID of the key pair that it was encrypted for. */
      transportId: Uint8Array
      /** A secret AES key, encrypted by RSA-OAEP with SHA-1. */
      wrappedSecret: Uint8Array
      /** DER PrivateKeyInfo (RFC 5208), encrypted by AES-KWP (RFC 5649) with that. */
      wrappedKey: Uint8Array
    }
    answer: KeyDescription
  }
  /** Answers whether there was a private half. */
  destroyKey: { argument: { id: Uint8Array }; answer: boolean }
  findKey: { argument: { id: Uint8Array }; answer: KeyDescription | undefined }
  listKeys: { argument: undefined; answer: readonly KeyDescription[] }
  /** Asks the token whether the session is alive and logged in. */
  check: { argument: undefined; answer: TokenIdentity }
  /** C_InitToken and C_InitPIN on a token that has not been initialised yet. */
  initializeToken: { argument: { label: string; soPin: string; userPin: string }; answer: TokenIdentity }
}

/** How a token names itself (CK_TOKEN_INFO), without the padding. */
export interface TokenIdentity {
  readonly label: string
  readonly serialNumber: string
  readonly manufacturer: string
  readonly model: string
}

/** What a session thread can be asked to do, by name. */
export type SessionOperation = keyof SessionRequests

/** What an operation is asked with. */
export type SessionArgument<Operation extends SessionOperation> = SessionRequests[Operation]['argument']

/** What an operation answers. */
export type SessionAnswer<Operation extends SessionOperation> = SessionRequests[Operation]['answer']

/** What a session thread is made with. */
export interface SessionThreadData {
  readonly modulePath: string
  /** One Int32: how many calls of the module were begun and ended; odd while one is under way. */
  readonly calls: SharedArrayBuffer
}

/** A request as it is posted to the thread. */
export type PostedRequest = {
  readonly [O in SessionOperation]: { readonly operation: O; readonly argument: SessionRequests[O]['argument'] }
}[SessionOperation]

/** What went wrong in the thread, in a form that can be posted. */
export type PostedFailure =
  | { readonly kind: 'cryptoki'; readonly rv: string; readonly rvNumber: number; readonly call: string }
  | { readonly kind: 'coded'; readonly code: string; readonly message: string; readonly transient: boolean }

/** The thread's answer to a request. */
export type PostedAnswer =
  | { readonly ok: true; readonly answer: unknown }
  | { readonly ok: false; readonly failure: PostedFailure }
