import { SigningError } from '../../signing/signing-error.ts'
import { FuzzFailure } from './target.ts'

/**
 * What a piece of work gives, or the error with which it refuses an input.
 *
 * @throws FuzzFailure when it fails in another way
 */
export function coded<T>(seed: number, input: Uint8Array, work: () => T): T | SigningError {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof SigningError && !cause.transient) return cause
    throw new FuzzFailure(seed, input, 'no SigningError', { cause })
  }
}
