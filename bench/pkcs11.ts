import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pkcs11js from 'pkcs11js'
import { type KeyAlgorithm, keyAlgorithms } from '../domain/index.ts'
import { type PreparedSoftHsm, prepareSoftHsm } from '../server/embedded/softhsm.ts'
import { openToken, type TokenKey } from '../signing/pkcs11/index.ts'

/** Signatures over a SHA-256 digest by one key in SoftHSM2. */
export type SignatureFigures = {
  readonly algorithm: KeyAlgorithm
  /** C_SignInit and C_Sign in a loop, without our code: nothing checked, the event loop blocked. */
  readonly moduleAlonePerSecond: number
  /** Through `TokenKey.sign`, each signature checked, the next one asked for when the last has come. */
  readonly oneAtATimePerSecond: number
  /** The same by two callers. */
  readonly twoAtOncePerSecond: number
}

/**
 * Measures signatures with a SoftHSM2 token in a temporary folder, which is removed again.
 *
 * @param milliseconds how long each of the three figures is measured, per algorithm
 */
export async function measurePkcs11(milliseconds = 500): Promise<readonly SignatureFigures[]> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-'))
  const prepared = await prepareSoftHsm({ dataDirectory: folder })
  const token = await openToken({ ...prepared, softHsmConfigPath: prepared.configPath, sessions: 2 })
  try {
    const figures: SignatureFigures[] = []
    for (const algorithm of keyAlgorithms) {
      const key = await token.generateKey({ id: Buffer.from(algorithm), label: algorithm, algorithm })
      await signFor(key, 50, 2)
      figures.push({
        algorithm,
        moduleAlonePerSecond: signWithoutUs(prepared, algorithm, milliseconds),
        oneAtATimePerSecond: await signFor(key, milliseconds, 1),
        twoAtOncePerSecond: await signFor(key, milliseconds, 2),
      })
    }
    return figures
  } finally {
    await token.close()
    await rm(folder, { recursive: true })
  }
}

/** Signatures per second that some callers get together. */
async function signFor(key: TokenKey, milliseconds: number, callers: number): Promise<number> {
  const start = performance.now()
  let signatures = 0
  const caller = async () => {
    while (performance.now() - start < milliseconds) {
      await key.sign('sha256', randomBytes(32))
      signatures += 1
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return (signatures * 1_000) / (performance.now() - start)
}

/** The process is logged in already, so a session is all that is needed. */
function signWithoutUs(token: PreparedSoftHsm, algorithm: KeyAlgorithm, milliseconds: number): number {
  const module = new pkcs11js.PKCS11()
  module.load(token.modulePath)
  const slot = module
    .C_GetSlotList(true)
    .find((candidate) => module.C_GetTokenInfo(candidate).label.trim() === token.tokenLabel)
  if (slot === undefined) throw new Error(`The module does not show the token ${token.tokenLabel}`)
  const session = module.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION)
  try {
    module.C_FindObjectsInit(session, [
      { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
      { type: pkcs11js.CKA_ID, value: Buffer.from(algorithm) },
    ])
    const [key] = module.C_FindObjects(session, 1)
    module.C_FindObjectsFinal(session)
    if (key === undefined) throw new Error(`The token does not hold the ${algorithm} key`)
    const rsa = algorithm.startsWith('rsa')
    const mechanism = rsa ? pkcs11js.CKM_RSA_PKCS : pkcs11js.CKM_ECDSA
    // RSA is given a DigestInfo of 51 bytes, ECDSA the digest.
    const message = randomBytes(rsa ? 51 : 32)
    const start = performance.now()
    let signatures = 0
    for (; performance.now() - start < milliseconds; signatures += 1) {
      module.C_SignInit(session, { mechanism }, key)
      module.C_Sign(session, message, Buffer.alloc(512))
    }
    return (signatures * 1_000) / (performance.now() - start)
  } finally {
    module.C_CloseSession(session)
  }
}
