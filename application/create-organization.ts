import { organizationDecider, streams, type UserId } from '../domain/index.ts'
import { issueApiToken } from './api-tokens.ts'
import { createUser } from './create-user.ts'
import { type Handled, handleCommand } from './handle-command.ts'
import type { ApplicationDependencies } from './ports.ts'
import type { Setup } from './setup.ts'

/** Creates the organization that the set-up stands for. @throws Refusal `ORGANIZATION_EXISTS`, `NAME_MALFORMED` */
export function createOrganization(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now'>,
  setup: Setup,
  input: { readonly name: string },
): Promise<Handled> {
  const { organizationId } = setup
  const command = { type: 'CreateOrganization', organizationId, name: input.name } as const
  return handleCommand(dependencies, setup, streams.organization(organizationId), organizationDecider, command)
}

/**
 * Sets up an organization with its first Global Administrator, who gets an API token.
 *
 * @throws Refusal `ORGANIZATION_EXISTS`, `NAME_MALFORMED`
 */
export async function setUpOrganization(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now' | 'persons'>,
  setup: Setup,
  input: { readonly name: string; readonly administrator: string },
): Promise<{ readonly userId: UserId; readonly token: string }> {
  await createOrganization(dependencies, setup, { name: input.name })
  const { userId } = await createUser(dependencies, setup, {
    kind: 'interactive',
    name: input.administrator,
    email: null,
    roles: ['globalAdministrator'],
  })
  const { token } = await issueApiToken(dependencies, setup, { userId, name: 'init', expiresAt: null })
  return { userId, token }
}
