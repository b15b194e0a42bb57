import { organizationDecider, streams } from '../domain/index.ts'
import type { Appended } from '../event-log/index.ts'
import { handleCommand } from './handle-command.ts'
import type { ApplicationDependencies } from './ports.ts'
import type { Setup } from './setup.ts'

/** Creates the organization that the set-up stands for. @throws Refusal `ORGANIZATION_EXISTS`, `NAME_MALFORMED` */
export function createOrganization(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now'>,
  setup: Setup,
  input: { readonly name: string },
): Promise<Appended> {
  const { organizationId } = setup
  const command = { type: 'CreateOrganization', organizationId, name: input.name } as const
  return handleCommand(dependencies, setup, streams.organization(organizationId), organizationDecider, command)
}
