import type { BuildNode } from './actor.ts'
import type { Sha256Digest } from './digest.ts'

/** The most characters that an input of a check has in an event, in UTF-16 code units. */
const longestInput = 500
/** The most characters that the message of a check has in an event. */
const longestCheckMessage = 1_000

/**
 * How it is known where a build comes from. `api`: the build system's own API said so. `identityToken`: a token of the job, signed
 * by its issuer. `claim`: a trusted build system that proved no more than its token said so. `clientCertificate`: an
 * authentication proxy knows the build node by its certificate, and the node said so.
 */
export const originProofs = ['api', 'identityToken', 'claim', 'clientCertificate'] as const

/** How it is known where a build comes from. */
export type OriginProof = (typeof originProofs)[number]

/** Somebody behind a build, as its build system names them. The id decides; the name is for people. */
export type BuildActor = {
  /** `initiator` began the build, `pusher` pushed the commit. */
  readonly role: 'initiator' | 'pusher'
  /** Whose id it is: the issuer of the token, or the base URL of the build system's API. */
  readonly system: string
  readonly id: string
  readonly name: string | null
}

/** Where a build's source stood, and how it was built, as its build system answers for it. */
export type VerifiedOrigin = {
  readonly repository: {
    /** As the build system names it; compared by `isSameRepository`. */
    readonly url: string
    /** The system's id of the repository, where it has one: names can be given to others, ids not. */
    readonly id: string | null
    readonly ownerId: string | null
  }
  /** Name without `refs/heads/` or `refs/tags/`; the kind was looked up, and never guessed from the name. */
  readonly ref: { readonly kind: 'branch' | 'tag'; readonly name: string }
  /** Hexadecimal, in lower case. */
  readonly commitId: string
  readonly build: {
    readonly id: string
    readonly url: string | null
    /** 1 for the first; `null` where the system knows no attempts. */
    readonly attempt: number | null
    /** The file or definition that says how to build, as the system names it. */
    readonly definition: string | null
    /** The file that the definition called, where it called one. */
    readonly calledDefinition: string | null
    /** The event that began the build, by the system's name for it: `push`, `schedule`. */
    readonly trigger: string | null
    readonly runners: 'hosted' | 'selfHosted' | 'unknown'
  }
  /** Who is behind the build. */
  readonly actors: readonly BuildActor[]
  /** The build node behind an authentication proxy; left out where there is no proxy. */
  readonly node?: BuildNode
}

/** What a check compared. A value has 500 characters at the most, and is neither a secret nor a signed address. */
export type CheckInput = { readonly name: string; readonly value: string | null }

/**
 * One check of an origin: what was compared, how it came out, and what would be right. All checks that can be made are made,
 * not only those up to the first that fails.
 */
export type OriginCheck = {
  /** Stable, in camelCase: `repository`, `branch`, `artifactOfBuild`. */
  readonly name: string
  /** `logged`: it failed, but its rule only asks to be told. */
  readonly outcome: 'passed' | 'failed' | 'logged'
  /** A stable code of `docs/error-codes.md` when it did not pass; `null` when it did. */
  readonly code: string | null
  readonly inputs: readonly CheckInput[]
  /** What was wrong, where, what would be right, and who can make it so; `null` when it passed. */
  readonly message: string | null
}

/** A raw answer of the build system. Its bytes are in the artifact store. */
export type OriginEvidence = {
  /** What it is: `run`, `artifact`, `identityToken`. */
  readonly name: string
  readonly mediaType: string
  readonly sha256: Sha256Digest
  /** Bytes. */
  readonly size: number
}

/** What was compared, as names and values. */
export type ComparedValues = Readonly<Record<string, string | number | boolean | null | undefined>>

/** A check that passed. */
export function passedCheck(name: string, compared: ComparedValues): OriginCheck {
  return { name, outcome: 'passed', code: null, inputs: inputsOf(compared), message: null }
}

/**
 * A check that failed.
 *
 * @param failure.isLogged whether its rule only asks to be told; by default it is final
 */
export function failedCheck(
  name: string,
  failure: { readonly code: string; readonly message: string; readonly isLogged?: boolean },
  compared: ComparedValues,
): OriginCheck {
  const { code, message, isLogged = false } = failure
  return {
    name,
    outcome: isLogged ? 'logged' : 'failed',
    code,
    inputs: inputsOf(compared),
    message: cut(message, longestCheckMessage),
  }
}

/** The checks that make an origin refused, in their order; none when it stands. */
export function failedChecks(checks: readonly OriginCheck[]): readonly OriginCheck[] {
  return checks.filter(({ outcome }) => outcome === 'failed')
}

/** Of the checks of an event so many are kept: what makes an origin refused stands before the rest. */
const mostChecks = 100
/** So many inputs of each. */
const mostInputs = 20
/** The most characters of all of them, as JSON: an event stays small, whatever a build system said. */
const longestChecks = 200_000

/** Checks as they may stand in an event. What is too much is left out, never a failed check for one that passed. */
export function recordedChecks(checks: readonly OriginCheck[]): readonly OriginCheck[] {
  const kept =
    checks.length <= mostChecks
      ? checks
      : [...failedChecks(checks), ...checks.filter(({ outcome }) => outcome !== 'failed')].slice(0, mostChecks)
  const short = (longest: number) =>
    kept.map((check) => ({
      ...check,
      inputs: check.inputs
        .slice(0, mostInputs)
        .map(({ name, value }) => ({ name: cut(name, 100), value: value === null ? null : cut(value, longest) })),
      message: check.message === null ? null : cut(check.message, longestCheckMessage),
    }))
  const whole = short(longestInput)
  return JSON.stringify(whole).length <= longestChecks ? whole : short(50)
}

function inputsOf(compared: ComparedValues): readonly CheckInput[] {
  return Object.entries(compared).map(([name, value]) => ({
    name,
    value: value === null || value === undefined ? null : cut(String(value), longestInput),
  }))
}

function cut(text: string, longest: number): string {
  return (text.length <= longest ? text : `${text.slice(0, longest - 1)}…`).toWellFormed()
}
