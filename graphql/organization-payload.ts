import { clearAllDataLoaders } from '@pothos/plugin-dataloader'
import type { Handled } from '../application/index.ts'
import { builder } from './builder.ts'
import { ControlledChangeRef } from './controlled-change.ts'
import { reached } from './minimum-position.ts'
import { OrganizationRef } from './refs.ts'

/** The type that a change of the organization itself answers: where it is in the log, and the organization with it. */
export function organizationPayload(name: string, description: string) {
  return builder.objectRef<Handled>(name).implement({
    description,
    interfaces: [ControlledChangeRef],
    fields: (t) => ({
      organization: t.field({
        type: OrganizationRef,
        nullable: true,
        resolve: async ({ position }, _args, context) => {
          await reached(position, context)
          // An earlier mutation of this operation may have loaded what this one changed.
          clearAllDataLoaders(context)
          return context.caller.organizationId
        },
      }),
    }),
  })
}
