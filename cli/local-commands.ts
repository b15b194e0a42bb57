import type { ExistingSignature, PlanNode } from './signing-plan.ts'

/** The type of the key that files are signed with. */
export type KeyAlgorithm = (typeof keyAlgorithms)[number]

/** The values of {@link KeyAlgorithm}, for options. */
export const keyAlgorithms = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-p256', 'ec-p384', 'ec-p521'] as const

/** What the commands that run on the server are given by everyone: where its settings are. */
export type LocalOptions = {
  /** A JSON file with settings (`--config`). */
  readonly configFile?: string | undefined
}

/** A state that the log folds to. */
export type ReplayedState = {
  readonly streamId: string
  /** Revision of the last event that was folded. */
  readonly revision: number
  /** As JSON. */
  readonly stateJson: string
}

/** A state that the read model has otherwise than the log. */
export type Difference = {
  readonly streamId: string
  /** Where in the state, e.g. `approvals[0].comment`; empty for the whole. */
  readonly path: string
  readonly log: unknown
  readonly readModel: unknown
}

/** A place of the log that does not hold what a process of the service wrote there. */
export type LogFault = {
  readonly kind: 'forged' | 'changed' | 'removed' | 'hidden' | 'unreadable'
  readonly streamId: string
  readonly revision: number
  readonly eventId: string | null
  readonly reason: string
}

/** What the signatures of the events say, and what cannot be read. */
export type SignatureAudit = {
  /** How many were checked. */
  readonly appends: number
  readonly faultCount: number
  /** The first thousand of each kind at the most. */
  readonly faults: readonly LogFault[]
}

/** What became of an export of the log on its way here. */
export type ExportedFile = {
  readonly header: { readonly organizationId: string | null; readonly exportedAt: string }
  readonly events: number
  readonly faultCount: number
  /** What is not as it was exported, by line; the first thousand places at the most. */
  readonly faults: readonly { readonly line: number; readonly code: string; readonly reason: string }[]
}

/** What a replay came to. */
export type AuditReplayed = {
  /** `null` where the log itself was replayed. */
  readonly file: ExportedFile | null
  readonly events: number
  /** How many have a state. */
  readonly streams: number
  /** There may be millions: they are read one by one, while the result is used. */
  readonly states: Iterable<ReplayedState>
  readonly signatures: SignatureAudit
  /** Why the log could not be folded, where there are faults. */
  readonly broken: { readonly code: string; readonly message: string } | null
  /** How many there are; `null` when not asked for, or when the log is broken. */
  readonly differenceCount: number | null
  /** The first thousand at the most. */
  readonly differences: readonly Difference[] | null
}

/** Who tried what was refused. */
export type RefusedActor = { readonly kind: string; readonly userId?: string; readonly component?: string }

/** Refusals of one kind, as the log has them. */
export type RecordedRefusal = {
  readonly recordedAt: string
  readonly type: string
  readonly actor: RefusedActor
  readonly remoteAddress: string | null
  /** `null` where the record is about several kinds, which `kinds` has. */
  readonly code: string | null
  readonly commands: readonly string[]
  readonly subject: string | null
  readonly count: number
  readonly firstAt: string
  readonly lastAt: string
  readonly kinds: readonly {
    readonly actor: RefusedActor
    readonly remoteAddress: string | null
    readonly code: string
    readonly commands: readonly string[]
    readonly count: number
  }[]
  /** How many of `count` are of none of these kinds. */
  readonly unnamed: number
}

/** Refusals that a process had counted at a moment. */
export type CountedRefusals = {
  readonly count: number
  /** In how many organizations; `most` names those with the most of them. */
  readonly organizations: number
  readonly most: readonly { readonly organizationId: string; readonly count: number }[]
}

/** Refusals that a process had counted at a moment and had no room to record yet, beside those that it was about to record. */
export type WaitingRefusals = CountedRefusals & { readonly recordedAt: string; readonly recording: CountedRefusals }

/** A file, and what is in it. */
export type InspectedFile = {
  /** In its container with its folders. */
  readonly name: string
  readonly sha256: string
  readonly size: number
  readonly format: string | null
  readonly existingSignatures: readonly ExistingSignature[]
  readonly isContainer: boolean
  readonly unopened: { readonly code: string; readonly message: string } | null
  readonly files: readonly InspectedFile[]
}

/** A signature of a file, and what it is worth. */
export type JudgedSignature = {
  readonly place: string
  readonly depth: number
  readonly verdict: 'valid' | 'untrusted' | 'invalid'
  readonly reason: string | null
  readonly signer: string | null
  readonly signerThumbprint: string | null
  readonly digestAlgorithm: string | null
  readonly timestamp: {
    readonly time: string
    readonly authority: string | null
    readonly isTrusted: boolean
    readonly reason: string | null
  } | null
  readonly weaknesses: readonly string[]
}

/** A file whose signatures were judged, and those in it. */
export type VerifiedFile = Pick<InspectedFile, 'name' | 'sha256' | 'size' | 'format' | 'isContainer' | 'unopened'> & {
  readonly verdict: { readonly isAccepted: boolean; readonly signatures: readonly JudgedSignature[] } | null
  readonly files: readonly VerifiedFile[]
}

/** What a configuration would do with a file. */
export type ArtifactPlan = {
  /** What a request would be refused for. */
  readonly problems: readonly {
    readonly code: string
    readonly message: string
    readonly path: readonly string[] | null
  }[]
  /** In the order of a plan. */
  readonly files: readonly PlanNode[]
}

/**
 * The commands that run inside the server's composition. Its errors carry a `code`.
 */
export type LocalCommands = {
  /** Runs the service until it gets a signal to stop. `roles`: comma-separated; everything on this machine without them. */
  serve(options: LocalOptions & { readonly roles?: string | undefined; readonly demo: boolean }): Promise<void>
  /** Sets up an empty installation; `out` is the new file for the tokens. */
  init(
    options: LocalOptions & {
      readonly organization: string
      readonly administrator: string
      readonly demo: boolean
      readonly out?: string | undefined
    },
  ): Promise<{ readonly organizationId: string; readonly credentialsFile: string }>
  /** Adds an organization to an installation; `out` is the new file for its first administrator's token. */
  createOrganization(
    options: LocalOptions & { readonly organization: string; readonly administrator: string; readonly out: string },
  ): Promise<{ readonly organizationId: string; readonly credentialsFile: string }>
  /** Makes somebody Global Administrator: a user who is there, or somebody new, whose token goes into the new file `out`. */
  addAdministrator(
    options: LocalOptions & { readonly organization: string } & (
        | { readonly user: string }
        | { readonly name: string; readonly out: string }
      ),
  ): Promise<{ readonly userId: string; readonly credentialsFile: string | null }>
  /** Gives every unfinished request without a running workflow a new one. */
  resume(options: LocalOptions): Promise<{ readonly unfinished: number; readonly started: readonly string[] }>
  /** Folds the log, up to a moment, into states; compares them with the read model when asked. `use` is given the result. */
  auditReplay<Result>(
    options: LocalOptions & {
      readonly until?: string | undefined
      readonly stream?: string | undefined
      readonly compare: boolean
      readonly fromExport?: string | undefined
      readonly installationKeyFile?: string | undefined
    },
    use: (replayed: AuditReplayed) => Result | Promise<Result>,
  ): Promise<Result>
  /** Exports the whole log, from a position on, as JSON Lines, no faster than it is taken. */
  auditExport(options: LocalOptions & { readonly from?: string | undefined }): AsyncIterable<Uint8Array>
  /** Reads recorded refusals, oldest first; those that belong to no organization when none is named. */
  auditRefusals(
    options: LocalOptions & {
      readonly organization?: string | undefined
      readonly since: string
      readonly until: string
    },
  ): Promise<{ readonly refusals: readonly RecordedRefusal[]; readonly waiting: readonly WaitingRefusals[] }>
  /** Revokes the event key of a process; `since` is the present by default. */
  revokeEventKey(
    options: LocalOptions & {
      readonly keyId: string
      readonly since?: string | undefined
      readonly reason?: string | undefined
    },
  ): Promise<{ readonly keyId: string; readonly since: string }>
  /** Says that an account is used by the person whom its address belongs to. */
  proveEmailAddress(options: LocalOptions & { readonly userId: string }): Promise<{
    readonly userId: string
    readonly position: string
  }>
  /** Says what is in a file on this machine. */
  inspectArtifact(options: LocalOptions & { readonly file: string }): Promise<InspectedFile>
  /** Judges all signatures of a file and of what is in it. */
  verifyFile(
    options: LocalOptions & { readonly file: string; readonly trustedFiles: readonly string[] },
  ): Promise<VerifiedFile>
  /** Says what an artifact configuration would sign in a file, without any key. */
  planArtifact(
    options: LocalOptions & {
      readonly file: string
      readonly configurationFile: string
      readonly parameters: Readonly<Record<string, string>>
      readonly keyAlgorithm: KeyAlgorithm
    },
  ): Promise<ArtifactPlan>
  /** Suggests an artifact configuration that signs what can be signed in a file. */
  suggestConfiguration(options: LocalOptions & { readonly file: string }): Promise<{
    /** `null` when nothing can be signed. */
    readonly text: string | null
    readonly left: readonly { readonly path: readonly string[]; readonly reason: string }[]
  }>
  /** Drops the read model and makes it anew. */
  rebuildProjections(options: LocalOptions): Promise<{ readonly events: number }>
}

/**
 * Loads the commands that run inside the server's composition. This is the one way from here into `server/`;
 * `docs/decisions/local-commands.md` says why there is one.
 */
export function localCommands(): Promise<Omit<LocalCommands, 'serve'>> {
  return import('../server/commands.ts')
}

/** Loads what runs the service, and nothing of the other commands: it stays in memory for as long as the service runs. */
export function localService(): Promise<Pick<LocalCommands, 'serve'>> {
  return import('../server/serve.ts')
}

/** The commands of the authentication proxy. */
export type ProxyCommands = {
  /** Runs it until it gets a signal to stop. */
  proxy(options: { readonly config: string }): Promise<void>
  /** Reads all of its files, and says whom it would vouch for and by which key it signs. */
  checkProxy(options: { readonly config: string }): Promise<{
    readonly statementKey: { readonly keyId: string; readonly publicKey: string }
    readonly ruleSets: readonly { readonly name: string; readonly trustedBuildSystemId: string }[]
  }>
}

/** Loads what runs the authentication proxy, and nothing of the service. */
export function proxyCommands(): Promise<ProxyCommands> {
  return import('../server/proxy.ts')
}
