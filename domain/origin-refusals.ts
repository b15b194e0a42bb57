import { Refusal } from './refusal.ts'

/**
 * For settings or secrets of a link that cannot be used.
 *
 * @param faults each with the field and what would be right; never with a value that could be secret
 */
export function linkInvalid(faults: readonly string[], field: string): Refusal {
  return new Refusal('ORIGIN_LINK_INVALID', `The link of project and build system is wrong: ${faults.join('; ')}.`, {
    field,
  })
}

/** For what a submission says of its build, where that cannot be used. */
export function buildInvalid(faults: readonly string[], field: string): Refusal {
  return new Refusal('ORIGIN_BUILD_INVALID', `The submission says its build wrong: ${faults.join('; ')}.`, { field })
}

/** For a secret that is needed and was not given. */
export function secretMissing(name: string, comesWith: string): Refusal {
  return new Refusal(
    'ORIGIN_SECRET_MISSING',
    `The secret ${name} is missing, without which the build system cannot be asked. It comes with ${comesWith}.`,
    { secret: name },
  )
}
