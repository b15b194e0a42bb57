import type { Sha256Digest } from '../digest.ts'
import type { ArtifactConfigurationId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { parseText } from '../text.ts'

/** What parameters of an artifact configuration were given: values by their names. */
export type ConfigurationParameters = Readonly<Record<string, string>>

/** The artifact configuration by which a request is planned and signed. Later versions of it do not change the request. */
export type ConfigurationOfRequest = {
  readonly artifactConfigurationId: ArtifactConfigurationId
  /** The version that was in force, from 1. */
  readonly version: number
  /** SHA-256 of its text, by which the artifact store has it. */
  readonly documentDigest: Sha256Digest
  /** As they were given, in the order of their names; the text says what the others are. */
  readonly parameters: ConfigurationParameters
}

/** So many parameters can be given at the most: they stand in an event, and in the plan. */
const mostParameters = 100

/** The longest value of a parameter, in characters. */
const longestValue = 1_000

/** The longest name that a parameter is named by in a message. */
const longestName = 100

/**
 * Parameters as an event has them: in the order of their names. Which there are the configuration says.
 *
 * @throws Refusal `PARAMETER_INVALID` for too many, too long ones, and those that hold what nobody sees
 */
export function checkedParameters(given: ConfigurationParameters): ConfigurationParameters {
  const names = Object.keys(given)
  if (names.length > mostParameters)
    throw invalid(`A submission gives no more than ${mostParameters} parameters; this one gives ${names.length}.`)
  return Object.fromEntries(names.sort().map((name) => [name, checkedValue(name, given[name] ?? '')]))
}

function checkedValue(name: string, value: string): string {
  const shown = JSON.stringify(name.slice(0, longestName))
  if (name.length === 0 || name.length > longestName || !name.isWellFormed())
    throw invalid(`A parameter's name has 1 to ${longestName} characters; got ${shown}.`)
  const field = { field: `parameters.${name}` }
  if (value.length > longestValue)
    throw invalid(
      `The parameter ${shown} must have no more than ${longestValue} characters; it has ${value.length}.`,
      field,
    )
  try {
    return parseText(value, `The parameter ${shown}`) ?? ''
  } catch (error) {
    throw error instanceof Refusal ? invalid(error.message, field) : error
  }
}

function invalid(message: string, details: { readonly field?: string } = {}): Refusal {
  return new Refusal('PARAMETER_INVALID', message, details)
}
