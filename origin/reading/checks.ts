import { type ComparedValues, failedCheck, type OriginCheck, passedCheck } from '../../domain/verified-origin.ts'
import { OriginError, type OriginErrorCode } from '../origin-error.ts'

/** Why a check did not pass. */
export type Wrong = { readonly code: OriginErrorCode; readonly message: string }

/** Checks in the order in which they are made. */
export type CheckList = {
  readonly made: readonly OriginCheck[]
  /**
   * Adds a check.
   *
   * @param wrong `undefined` or `false` when it passed
   * @returns whether it passed
   */
  readonly add: (name: string, compared: ComparedValues, wrong?: Wrong | false) => boolean
}

/** An empty list of checks. */
export function createCheckList(): CheckList {
  const made: OriginCheck[] = []
  return {
    made,
    add(name, compared, wrong) {
      const isPassed = wrong === undefined || wrong === false
      made.push(isPassed ? passedCheck(name, compared) : failedCheck(name, wrong, compared))
      return isPassed
    },
  }
}

/** The last check, which failed, as an error: for what has no checks to give back. */
export function errorOf({ made }: CheckList): OriginError {
  const { code, message } = made.at(-1) ?? {}
  return new OriginError((code ?? 'ORIGIN_API_REFUSED') as OriginErrorCode, message ?? 'The build system refused it.')
}
