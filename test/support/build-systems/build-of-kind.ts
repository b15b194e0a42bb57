import type { TrustedBuildSystemKind } from '../../../domain/index.ts'

/** What a submission says of a build. */
export type SaidBuild = {
  readonly fields?: Readonly<Record<string, string | number>>
  readonly secrets?: Readonly<Record<string, string>>
  /** `origin.…` of the form. */
  readonly origin?: Readonly<Record<string, string>>
}

/** A way in which a build is wrong, or its submission. */
export type WrongBuild = {
  readonly what: string
  /** Done before it is submitted. */
  readonly change?: () => unknown
  /** Said otherwise. */
  readonly said?: () => Promise<SaidBuild> | SaidBuild
  /** Other bytes than the build made. */
  readonly bytes?: Uint8Array
  /** Whether it is refused at once; else it is recorded as rejected. */
  readonly atOnce: boolean
  readonly code: string
}

/** A build of one kind of build system with which nothing is wrong, and ways in which it can be. */
export type BuildOfKind = {
  readonly kind: TrustedBuildSystemKind
  readonly proof: string
  readonly repositoryUrl: string
  /** Of the link. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly linkSecrets: Readonly<Record<string, string>>
  readonly said: () => Promise<SaidBuild> | SaidBuild
  readonly wrong: readonly WrongBuild[]
  /** As the plugin of the build system submits it. */
  readonly plugin?: {
    /** The part of the path that names the connector. */
    readonly connector: string
    readonly fields: Readonly<Record<string, string | number>>
    /** Whether the artifact is uploaded, and not fetched. */
    readonly isUploaded?: boolean
  }
}

/** A way in which what is said of a build is refused at once. */
export function wrongAtOnce(what: string, code: string, said: NonNullable<WrongBuild['said']>): WrongBuild {
  return { what, code, said, atOnce: true }
}
