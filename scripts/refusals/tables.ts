// What the search for refusals is told, since the source does not say it by itself.

/** The rooms whose source is read. */
export const rooms: readonly string[] = [
  'rest',
  'application',
  'domain',
  'projections',
  'sources',
  'outgoing',
  'origin',
  'artifacts',
  'signing',
  'server',
  'http',
]

/**
 * What is called through a port, where the source does not say whose function it is: the call as it is written, in which files the
 * function is, and its name. What ports do that stand in no line fails with errors of the service alone.
 */
export const ports: readonly (readonly [call: string, files: RegExp, name: string])[] = [
  ['uploads.receive', /^artifacts\/store\/uploads/, 'receive'],
  ['uploads.admit', /^artifacts\/store\/uploads/, 'admit'],
  ['uploads.find', /^artifacts\/store\/upload-registry/, 'find'],
  ['registry.reserve', /^artifacts\/store\/upload-registry/, 'reserve'],
  ['registry.check', /^artifacts\/store\/upload-registry/, 'check'],
  ['sources.check', /^sources\/registry/, 'check'],
  ['outgoing.checkTarget', /^outgoing\/outgoing/, 'checkTarget'],
  ['dependencies.checkTarget', /^outgoing\/outgoing/, 'checkTarget'],
  ['buildSystems.checkLink', /^origin\/build-system-forms/, 'checkSettings'],
  ['buildSystems.checkLink', /^origin\/github\/settings/, 'requireReadable'],
  ['certificates.readIssued', /^server\/certificates/, 'readIssued'],
  ['certificates.readImported', /^server\/certificates/, 'readImported'],
  ['buildSystems.checkBuild', /^origin\/check-build/, 'buildCheck'],
  ['builds.verify', /^origin\/early-finding/, 'earlyFinding'],
  ['builds.verify', /^origin\/identity-token\/identity-tokens/, 'createIdentityTokens'],
  ['builds.verify', /^origin\/identity-token\/used-tokens/, 'useOnce'],
  ['builds.announcedDigest', /^origin\/jenkins\/archived/, 'announcedDigest'],
  ['.checkHeader', /^artifacts\/planner\/check-header/, 'checkHeader'],
  ['format.checkStart', /^signing\/[^/]+\/format/, 'checkStart'],
  ['waitingCalls.enter', /^http\/waiting-calls/, 'enter'],
]

/**
 * What is not followed: refusals that follow from what an operation takes, which `rest/openapi/refusals.ts` adds, and the approvals of a
 * batch, whose refusals stand in its answer.
 */
export const apart: ReadonlySet<string> = new Set([
  'requirePermission',
  'refuseStale',
  'proposeChange',
  'withChangeReason',
  'parsePageRequest',
  'approveOne',
  'statusOfRefusal',
  'refusalsOf',
  'problemOf',
  'keepAdministrator',
])

/** Commands after which somebody may be no administrator any more: then it is seen to that another one remains. */
export const endingAdministrators: ReadonlySet<string> = new Set([
  'DeactivateUser',
  'EraseUser',
  'WithdrawGlobalRole',
  'ApproveChange',
])

/** Codes of refusals that become errors of the service on their way, and of errors that pass by themselves. */
export const ofTheService: ReadonlySet<string> = new Set([
  'EVENT_TYPE_UNKNOWN',
  'EVENT_SCHEMA_UNKNOWN',
  'OUTGOING_UNREACHABLE',
  'OUTGOING_TIMED_OUT',
  'OUTGOING_INTERRUPTED',
])
