import { allPages } from './all-pages.ts'
import { CliError } from './cli-error.ts'
import type { Connection } from './connection/connection.ts'
import { ask } from './connection/graphql.ts'
import {
  type BuildSystemDetails,
  type BuildSystemLink,
  type BuildSystemToken,
  type LinkedProject,
  oneBuildSystem,
} from './documents/trusted-build-systems.ts'
import { isId } from './entity-id.ts'
import { exitCode } from './exit-code.ts'
import type { Invocation } from './invocation.ts'
import { reportOrProposed } from './people.ts'

type Page = { readonly first: number; readonly after: string | null }

/** A trusted build system and all projects that it is linked to, with what the links say. */
export type BuildSystemWithProjects = BuildSystemDetails & {
  readonly projects: readonly LinkedProject[]
  readonly links: readonly (BuildSystemLink & { readonly project: LinkedProject | null })[]
}

/** The trusted build system of a slug or an id. @throws CliError `TRUSTED_BUILD_SYSTEM_NOT_FOUND` */
export async function buildSystemOf(connection: Connection, name: string): Promise<BuildSystemDetails> {
  const { links: _, ...system } = await pageOf(connection, name, { first: 1, after: null })
  return system
}

/** The same with its projects. @throws CliError `TRUSTED_BUILD_SYSTEM_NOT_FOUND` */
export async function withProjects(connection: Connection, name: string): Promise<BuildSystemWithProjects> {
  let system: BuildSystemDetails | undefined
  const { items } = await allPages(async (page: Page) => {
    const { links, ...details } = await pageOf(connection, name, page)
    system ??= details
    return links
  })
  const projects = items.flatMap(({ project }) => project ?? [])
  return { ...(system as BuildSystemDetails), projects, links: items }
}

async function pageOf(connection: Connection, name: string, page: Page) {
  const by = isId(name) ? { id: name, slug: null } : { id: null, slug: name }
  const { trustedBuildSystem } = await ask(connection, oneBuildSystem, { ...by, ...page })
  if (trustedBuildSystem !== null) return trustedBuildSystem
  throw new CliError('TRUSTED_BUILD_SYSTEM_NOT_FOUND', `There is no trusted build system ${name}.`, {
    hint: '`countersign trusted-build-system list` shows them.',
    exitCode: exitCode.refused,
  })
}

/** Prints a token that was made, this once. */
export function reportToken(invocation: Invocation, made: BuildSystemToken): void {
  if (made.changeProposalId !== null)
    invocation.report.note(`The token is ${made.token}\nKeep it: it works once the change is approved.`)
  reportOrProposed(invocation, made, made.token)
}
