/**
 * How much of another room a room may import:
 *
 * - `all`: anything.
 * - `language`: its types, and of what exists at run time only its {@link languages}: ids, digests, errors, names of
 *   states, stream names. Not what decides, reads or writes.
 * - `types`: types only; nothing remains of such an import when the program runs.
 */
export type Extent = 'all' | 'language' | 'types'

/** What the files of one room may import besides each other. */
export type Room = {
  /** The other rooms. What is not named is forbidden. */
  readonly rooms: Readonly<Record<string, Extent>> | 'all'
  /** Modules of Node, without `node:`. */
  readonly builtIns: 'all' | readonly string[]
  /** Packages of npm. Types of other packages are free, since nothing remains of them. */
  readonly packages: 'all' | readonly string[]
  /** Whether it may import what is named at run time only, where nobody can check it. */
  readonly computedNames?: boolean
}

/** What anything may import: a room of tools and proofs, at the edge of the system. */
const free: Room = { rooms: 'all', builtIns: 'all', packages: 'all' }

const open = { builtIns: 'all', packages: 'all' } as const

/** Who may import whom. A folder that is not named here may import nothing and be imported by nobody. */
export const table: Readonly<Record<string, Room>> = {
  // Pure decisions: no clock, no randomness, no input or output, and no library but the schema validator.
  domain: { rooms: {}, builtIns: [], packages: ['zod'] },
  // Trying again: pauses, loops and failures that pass, all of which know nothing of the service.
  retry: { ...open, rooms: { domain: 'language' } },
  application: { ...open, rooms: { retry: 'all', domain: 'all', 'event-log': 'language', workflows: 'all' } },
  // Deterministic code in Temporal's sandbox: of Node only what the sandbox offers, and no library that it has not.
  workflows: {
    rooms: { domain: 'all', activities: 'types', 'event-log': 'types' },
    builtIns: ['assert', 'url', 'util'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  activities: {
    ...open,
    rooms: {
      domain: 'all',
      'event-log': 'all',
      artifacts: 'all',
      sources: 'all',
      signing: 'all',
      origin: 'all',
      statements: 'all',
      notifications: 'all',
      // Names of workflows' queries and signals and the form of what they pass.
      workflows: 'types',
    },
  },
  'event-log': { ...open, rooms: { retry: 'all', domain: 'language' } },
  secrets: { ...open, rooms: { domain: 'language', databases: 'all' } },
  // HTTP to addresses that somebody else chose.
  outgoing: { ...open, rooms: { domain: 'language' } },
  // Connections to PostgreSQL and files of SQLite, for the rooms that keep something there.
  databases: { ...open, rooms: {} },
  projections: { ...open, rooms: { retry: 'all', domain: 'language', 'event-log': 'language', databases: 'all' } },
  persons: { ...open, rooms: { domain: 'language', databases: 'all' } },
  // Judges what the log tells by the domain's rules, and appends what it finds.
  detection: { ...open, rooms: { retry: 'all', domain: 'all', 'event-log': 'all', databases: 'all' } },
  // What sets up the servers around the service; nobody imports it.
  deploy: { ...open, rooms: {} },
  http: { ...open, rooms: { domain: 'language' } },
  graphql: {
    ...open,
    rooms: { http: 'all', application: 'all', projections: 'all', domain: 'language', 'event-log': 'types' },
  },
  rest: {
    ...open,
    // Of secrets: how answers are kept that a client may ask for again.
    rooms: {
      http: 'all',
      application: 'all',
      projections: 'all',
      domain: 'language',
      'event-log': 'types',
      secrets: 'types',
    },
  },
  // Archives of files. Of signing: the threads that read files, and the error that formats fail with.
  archives: { ...open, rooms: { domain: 'language', signing: 'language' } },
  signing: { ...open, rooms: { retry: 'all', archives: 'all', domain: 'language' } },
  artifacts: {
    ...open,
    rooms: { retry: 'all', databases: 'all', archives: 'all', signing: 'all', domain: 'language' },
  },
  sources: {
    ...open,
    rooms: { domain: 'all', 'event-log': 'all', artifacts: 'all', outgoing: 'all', secrets: 'all' },
  },
  origin: { ...open, rooms: { retry: 'all', domain: 'language', outgoing: 'all', databases: 'all' } },
  // Signed statements, by a key of which it knows the interface alone; of signatures it knows how envelopes are written.
  statements: { ...open, rooms: { domain: 'language', signing: 'language' } },
  // Follows the log by the deciders' own `evolve`, and keeps what is to be sent.
  notifications: { ...open, rooms: { retry: 'all', domain: 'all', 'event-log': 'all', databases: 'all' } },
  // A process of its own beside the build nodes: of the service it knows how certificates are read and what names mean.
  proxy: { ...open, rooms: { domain: 'language', signing: 'all' } },
  web: { ...open, rooms: { graphql: 'types' } },
  // PKCS #12 files are opened where their password is, which is on the machine of whoever has them.
  pkcs12: { ...open, rooms: {} },
  // Of the proxy: how a certificate names its template.
  cli: { ...open, rooms: { retry: 'all', pkcs12: 'all', proxy: 'language', graphql: 'types', rest: 'types' } },
  server: { ...open, rooms: 'all' },
  test: free,
  bench: free,
  scripts: free,
}

/** Rooms that only their like may import: proofs and tools must not carry the product. */
export const neverImported: readonly string[] = ['test', 'bench', 'scripts']

/**
 * Files whose run-time exports are capabilities, and who may import those: files, or folders with a slash at the end.
 * Types are free. Everybody else gets such a thing handed in, or does not have it.
 */
export const reserved: Readonly<Record<string, readonly string[]>> = {
  // The permission to do everything in an organization: the composition hands it out, and one file recognises it.
  'application/setup.ts': ['application/caller.ts', 'server/', ...neverImported.map((room) => `${room}/`)],
}

/** Single files that may import more than their room. */
export const exceptions: Readonly<Record<string, Partial<Room>>> = {
  // A thread that loads the module, of a format of its own room, by which a file is digested.
  'signing/file-passes/pass-thread.ts': { computedNames: true },
  // The side of the workflows that runs outside of the sandbox: how the application talks to them.
  'workflows/client.ts': { packages: 'all' },
  'workflows/deliveries.ts': { packages: 'all' },
  'workflows/mail-deliveries.ts': { packages: 'all' },
  'workflows/start-once.ts': { packages: 'all' },
  // A read model is the fold of the log by the domain's own `evolve`.
  'projections/folds.ts': { rooms: { domain: 'all' } },
  // The one way from the command into the server's composition, for what runs on the server's machine: `serve`,
  // `audit replay`, `projections rebuild`.
  'cli/local-commands.ts': { rooms: 'all' },
  // Compiled code is kept before anything else is loaded, by one piece for command and service.
  'cli/countersign.js': { rooms: 'all' },
}

/**
 * The files of a room that say how its things are called and written, and decide nothing: of the domain everything but
 * the deciders, of the event log the port, what is said in its terms, and where readers of a whole log keep what they know of
 * its streams, but no implementation of a log; of signing what reads files in threads, its error, and the
 * envelope of DSSE.
 */
export const languages: Readonly<Record<string, RegExp>> = {
  domain:
    /^domain\/((?!(decider|index)\.ts)[^/]+|authorization\/[^/]+|[^/]+\/(plan|manifest|provenance|events|delay|source|workflow-status))\.ts$/,
  signing: /^signing\/(signing-error|dsse\/(envelope|key-id|read-envelope)|file-passes\/[^/]+)\.ts$/,
  proxy: /^proxy\/certificates\/(certificate|names|template)\.ts$/,
  'event-log':
    /^event-log\/(append-decided|consumer|event-log|export\/write|log-entries|prepare|spilling-map|stored-text|whole-stream)\.ts$/,
}
