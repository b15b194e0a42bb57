import { generateKeyPairSync } from 'node:crypto'
import type { KeyAlgorithm } from '../../domain/index.ts'
import type { SigningKey } from '../../signing/signing-key.ts'
import { softwareKey } from './software-key.ts'

const curves: Partial<Record<KeyAlgorithm, string>> = { 'ec-p256': 'P-256', 'ec-p384': 'P-384', 'ec-p521': 'P-521' }

/** A new key in memory, for tests that need many. */
export function memoryKey(algorithm: KeyAlgorithm): SigningKey {
  const namedCurve = curves[algorithm]
  const { privateKey } =
    namedCurve === undefined
      ? generateKeyPairSync('rsa', { modulusLength: Number(algorithm.slice('rsa-'.length)) })
      : generateKeyPairSync('ec', { namedCurve })
  return softwareKey(algorithm, privateKey)
}
