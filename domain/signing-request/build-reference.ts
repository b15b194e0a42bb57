import type { BuildSecretId } from '../ids.ts'
import { Refusal } from '../refusal.ts'

/** A secret by which a build system is asked about one build, as it is kept sealed outside of the log. */
export type BuildSecret = {
  /** What it is to the kind's connector: `identityToken`, `accessToken`. */
  readonly name: string
  readonly secretId: BuildSecretId
}

/** Which build of its system an artifact comes from, as the submission says. Nothing of it is believed. */
export type BuildReference = {
  /** Ids of run, job and artifact, in the form that the kind of the build system has. Never a secret. */
  readonly fields: Readonly<Record<string, unknown>>
  /** What was sealed, in the order of the names. */
  readonly secrets: readonly BuildSecret[]
}

/** The most characters that the fields have as JSON. */
const mostCharacters = 16_384
/** The most secrets of one submission. */
const mostSecrets = 8

/**
 * Reads what a submission says of its build; that the fields are those of its kind, the connector checks.
 *
 * @throws Refusal `ORIGIN_BUILD_TOO_LARGE`, `ORIGIN_BUILD_INVALID`
 */
export function checkedBuild({ fields, secrets }: BuildReference): BuildReference {
  const length = JSON.stringify(fields).length
  if (length > mostCharacters)
    throw new Refusal(
      'ORIGIN_BUILD_TOO_LARGE',
      `What a submission says of its build has ${mostCharacters} characters as JSON at the most; this has ${length}.`,
      { field: 'build', limit: mostCharacters },
    )
  const names = secrets.map(({ name }) => name)
  if (names.length > mostSecrets || new Set(names).size < names.length)
    throw new Refusal(
      'ORIGIN_BUILD_INVALID',
      `A submission brings ${mostSecrets} secrets of its build at the most, each once; it brings ${names.length}.`,
      { field: 'build.secrets' },
    )
  return { fields, secrets: secrets.toSorted((one, other) => (one.name < other.name ? -1 : 1)) }
}
