import { randomUUID } from 'node:crypto'
import {
  existingOrganization,
  existingWebHook,
  type Instant,
  organizationDecider,
  type ProjectId,
  parseWebHookUrl,
  refuseTooManyWebHooks,
  streams,
  type WebHook,
  type WebHookCommand,
  type WebHookEventType,
  type WebHookId,
  type WebHookSettings,
  webHookDecider,
} from '../domain/index.ts'
import type { Requester } from './caller.ts'
import { type BasedOn, type Handled, handleCommand } from './handle-command.ts'
import { forgetSecrets, keepingSecrets } from './kept-secrets.ts'
import { load, loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { authorizeWebHook } from './web-hook-access.ts'
import { authorizationText, authorizing, newSecretId, secretText, signing } from './web-hook-secrets.ts'

/** What use cases of web hooks need. */
export type WebHookDependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'secrets' | 'checkTarget' | 'webHooks'>

/** Which web hook, by its id. */
export type WebHookReference = { readonly webHookId: WebHookId }

/** What a web hook is to be. */
export type WebHookInput = {
  /** Whose requests it is told of; `null`: those of all projects. */
  readonly projectId: ProjectId | null
  readonly name: string
  readonly url: string
  readonly eventTypes: readonly WebHookEventType[]
  /** The value of the `Authorization` header, sent as it is given; `null`: none. */
  readonly authorization: string | null
  /** What messages are signed with, `whsec_…`; `null`: one is made. */
  readonly secret: string | null
}

/** What a web hook is to be from now on, made from what the requester saw. */
export type WebHookUpdate = WebHookReference &
  Pick<WebHookInput, 'name' | 'url' | 'eventTypes'> & {
    readonly basedOnRevision: number
    /** `null`: none any more; left out: the one that is kept stays. */
    readonly authorization?: string | null | undefined
  }

/** Whose secret is to be replaced. */
export type WebHookSecretRotation = BasedOn &
  WebHookReference & {
    /** Until when messages are signed with the one before, too; `null`: not at all. */
    readonly previousSecretValidUntil: Instant | null
    /** `whsec_…`; `null`: one is made. */
    readonly secret: string | null
  }

/** What became of the change of a web hook. */
export type WebHookHandled = Handled & WebHookReference

/** A web hook that has a new secret. */
export type WebHookSecretIssued = WebHookHandled & {
  /** The secret itself, which is shown this once. */
  readonly secret: string
}

/**
 * Creates a web hook. What is secret about it is kept before the log names it.
 *
 * @throws Refusal `FORBIDDEN`, `PROJECT_NOT_FOUND`, `ORGANIZATION_NOT_FOUND`, `WEB_HOOKS_TOO_MANY`, `OUTGOING_…`,
 *   `WEB_HOOK_SECRET_MALFORMED`, `WEB_HOOK_AUTHORIZATION_MALFORMED`, and as its decider
 */
export async function createWebHook(
  dependencies: WebHookDependencies,
  requester: Requester,
  { projectId, authorization, secret = null, ...settings }: WebHookInput,
): Promise<WebHookSecretIssued> {
  const { organizationId } = requester
  await authorizeWebHook(dependencies.log, requester, 'administer', projectId)
  const webHookId = randomUUID() as WebHookId
  const [secretId, authorizationId] = [newSecretId(), authorization === null ? null : newSecretId()]
  const text = secretText(secret)
  const facts = { webHookId, organizationId, projectId, secretId, ...settings, authorizationId }
  const command: WebHookCommand = { type: 'CreateWebHook', ...facts }
  // Refuses what is malformed before anything is kept.
  webHookDecider.decide(command, webHookDecider.initialState())
  existingOrganization((await load(dependencies.log, streams.organization(organizationId), organizationDecider)).state)
  refuseTooManyWebHooks(await dependencies.webHooks.count(organizationId, projectId))
  await requireTarget(dependencies, settings.url)
  const value = authorizationText(authorization) ?? ''
  const kept = [
    { place: signing(organizationId, secretId), text },
    ...authorizing(organizationId, authorizationId).map((place) => ({ place, text: value })),
  ]
  const handled = await keepingSecrets(dependencies, kept, () => send(dependencies, requester, webHookId, command, {}))
  return { ...handled, secret: text }
}

/**
 * Gives a web hook other settings. The address is checked as a new one's is, whether it is another or not.
 *
 * @throws Refusal `FORBIDDEN`, `WEB_HOOK_NOT_FOUND`, `CHANGE_STALE`, `OUTGOING_…`, `WEB_HOOK_AUTHORIZATION_MALFORMED`, and as its
 *   decider
 */
export async function updateWebHook(
  dependencies: WebHookDependencies,
  requester: Requester,
  { webHookId, basedOnRevision, authorization, ...settings }: WebHookUpdate,
): Promise<WebHookHandled> {
  const hook = await administered(dependencies, requester, webHookId)
  const { organizationId } = hook
  const given = typeof authorization === 'string' ? newSecretId() : null
  const authorizationId = authorization === undefined ? hook.authorizationId : given
  const command: WebHookCommand & WebHookSettings = { type: 'ChangeWebHook', ...settings, authorizationId }
  webHookDecider.decide(command, hook)
  await requireTarget(dependencies, settings.url)
  const value = authorizationText(authorization ?? null) ?? ''
  const kept = authorizing(organizationId, given).map((place) => ({ place, text: value }))
  const handled = await keepingSecrets(dependencies, kept, () =>
    send(dependencies, requester, webHookId, command, { basedOnRevision }),
  )
  if (authorizationId !== hook.authorizationId)
    await forgetSecrets(dependencies, authorizing(organizationId, hook.authorizationId))
  return handled
}

/**
 * Gives a web hook a new secret, which is answered once. Messages are signed with the one before, too, until the moment that is
 * named.
 *
 * @throws Refusal `FORBIDDEN`, `WEB_HOOK_NOT_FOUND`, `WEB_HOOK_SECRET_OVERLAP`, `WEB_HOOK_SECRET_MALFORMED`, `CHANGE_STALE`
 */
export async function rotateWebHookSecret(
  dependencies: WebHookDependencies,
  requester: Requester,
  { webHookId, previousSecretValidUntil, secret, ...basedOn }: WebHookSecretRotation,
): Promise<WebHookSecretIssued> {
  const hook = await administered(dependencies, requester, webHookId)
  const { organizationId } = hook
  const secretId = newSecretId()
  const text = secretText(secret)
  const command = { type: 'RotateWebHookSecret', secretId, previousSecretValidUntil, at: dependencies.now() } as const
  webHookDecider.decide(command, hook)
  const kept = [{ place: signing(organizationId, secretId), text }]
  const handled = await keepingSecrets(dependencies, kept, () =>
    send(dependencies, requester, webHookId, command, basedOn),
  )
  // The newest of them signs on until its moment; those before it sign no more.
  const over = previousSecretValidUntil === null ? hook.secrets : hook.secrets.slice(1)
  await forgetSecrets(
    dependencies,
    over.map((each) => signing(organizationId, each.secretId)),
  )
  return { ...handled, secret: text }
}

/**
 * Turns a web hook off: it is told nothing of what happens meanwhile, and what was not delivered yet is canceled.
 *
 * @throws Refusal `FORBIDDEN`, `WEB_HOOK_NOT_FOUND`, `WEB_HOOK_DISABLED`, `CHANGE_STALE`, `TEXT_…`
 */
export async function disableWebHook(
  dependencies: WebHookDependencies,
  requester: Requester,
  { webHookId, reason, ...basedOn }: BasedOn & WebHookReference & { readonly reason: string | null },
): Promise<WebHookHandled> {
  await administered(dependencies, requester, webHookId)
  return send(dependencies, requester, webHookId, { type: 'DisableWebHook', reason }, basedOn)
}

/**
 * Turns a web hook on again. Its address is checked anew.
 *
 * @throws Refusal `FORBIDDEN`, `WEB_HOOK_NOT_FOUND`, `WEB_HOOK_ENABLED`, `CHANGE_STALE`, `OUTGOING_…`
 */
export async function enableWebHook(
  dependencies: WebHookDependencies,
  requester: Requester,
  { webHookId, ...basedOn }: BasedOn & WebHookReference,
): Promise<WebHookHandled> {
  const { url } = await administered(dependencies, requester, webHookId)
  await requireTarget(dependencies, url)
  return send(dependencies, requester, webHookId, { type: 'EnableWebHook' }, basedOn)
}

/**
 * Deletes a web hook, and what is secret about it. Its history stays.
 *
 * @throws Refusal `FORBIDDEN`, `WEB_HOOK_NOT_FOUND`, `CHANGE_STALE`
 */
export async function deleteWebHook(
  dependencies: WebHookDependencies,
  requester: Requester,
  { webHookId, ...basedOn }: BasedOn & WebHookReference,
): Promise<WebHookHandled> {
  const { organizationId, secrets, authorizationId } = await administered(dependencies, requester, webHookId)
  const handled = await send(dependencies, requester, webHookId, { type: 'DeleteWebHook' }, basedOn)
  await forgetSecrets(dependencies, [
    ...secrets.map(({ secretId }) => signing(organizationId, secretId)),
    ...authorizing(organizationId, authorizationId),
  ])
  return handled
}

async function administered(
  { log }: WebHookDependencies,
  requester: Requester,
  webHookId: WebHookId,
): Promise<WebHook> {
  const hook = existingWebHook((await loadOwn(log, streams.webHook(webHookId), webHookDecider, requester)).state)
  await authorizeWebHook(log, requester, 'administer', hook.projectId)
  return hook
}

async function requireTarget(dependencies: WebHookDependencies, url: string): Promise<void> {
  await dependencies.checkTarget(parseWebHookUrl(url))
}

async function send(
  dependencies: WebHookDependencies,
  requester: Requester,
  webHookId: WebHookId,
  command: WebHookCommand,
  basedOn: BasedOn,
): Promise<WebHookHandled> {
  const handled = await handleCommand(
    dependencies,
    requester,
    streams.webHook(webHookId),
    webHookDecider,
    command,
    basedOn,
  )
  return { webHookId, ...handled }
}
