import type { ApplicationDependencies } from '../application/index.ts'

/** For a process that answers nobody: nobody submits through it, and neither Global Administrators nor build systems are looked for. */
export const nobody: ApplicationDependencies['submitters'] &
  ApplicationDependencies['administrators'] &
  ApplicationDependencies['linkedBuildSystems'] = {
  of: async () => [],
  ofJobs: async () => [],
  policiesOf: async () => [],
  catchUp: async () => undefined,
}

/** For a process that answers nobody and makes no users: it has no keys of persons, and no way to them. */
export const noPersons: ApplicationDependencies['persons'] = {
  seal: async () => refuse('has no keys of persons'),
  erase: async () => refuse('has no keys of persons'),
}

/** For a process that answers nobody: nobody installs or restricts certificates through it. */
export const noCertificates: ApplicationDependencies['certificates'] = {
  readIssued: () => refuse('takes no certificates'),
  readImported: () => refuse('takes no certificates'),
  policiesUsing: async () => refuse('does not know who uses certificates'),
  policiesUsingKey: async () => refuse('does not know who uses certificates'),
}

/** For a process that answers nobody: nobody hands secrets over to it. */
export const noSecrets: ApplicationDependencies['secrets'] = {
  put: async () => refuse('keeps no secrets'),
  get: async () => refuse('keeps no secrets'),
  remove: async () => refuse('keeps no secrets'),
}

/** For a process that answers nobody: no addresses are handed over to it. */
export const noTargets: ApplicationDependencies['checkTarget'] = async () => refuse('calls nobody')

/** For a process that answers nobody: nobody describes artifacts through it. */
export const noConfigurationTexts: ApplicationDependencies['configurationTexts'] = {
  inspect: async () => refuse('reads no artifact configurations'),
  keep: async () => refuse('keeps no artifact configurations'),
  read: async () => refuse('reads no artifact configurations'),
  checkParameters: async () => refuse('reads no artifact configurations'),
}

/** For a process that answers nobody: nobody links build systems or submits builds through it. */
export const noBuildSystems: ApplicationDependencies['buildSystems'] = {
  checkLink: () => refuse('knows no build systems'),
  linkAddresses: () => refuse('knows no build systems'),
  linkSecrets: () => refuse('knows no build systems'),
  optionalLinkSecrets: () => refuse('knows no build systems'),
  checkBuild: () => refuse('knows no build systems'),
  artifactField: () => refuse('knows no build systems'),
}

/** For a process that answers nobody: it has no web hooks to look after. */
export const noWebHooks: ApplicationDependencies['webHooks'] = {
  count: async () => refuse('knows no web hooks'),
  deliveries: {
    find: async () => refuse('does not know what web hooks were told'),
    list: async () => refuse('does not know what web hooks were told'),
    attempts: async () => refuse('does not know what web hooks were told'),
  },
}

/** For a process that answers nobody: it has no way to build systems. */
export const noBuilds: ApplicationDependencies['builds'] = {
  verify: async () => refuse('asks no build systems'),
  announcedDigest: async () => refuse('asks no build systems'),
  linksOfJob: () => refuse('asks no build systems'),
  verifyJob: async () => refuse('asks no build systems'),
  useJob: async () => refuse('asks no build systems'),
}

function refuse(problem: string): never {
  throw new Error(`This process ${problem}.`)
}
