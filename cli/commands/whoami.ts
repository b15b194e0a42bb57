import type { Command } from 'commander'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { type Viewer, viewer } from '../documents/viewer.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { readableTime } from '../output/quantities.ts'
import { fieldList } from '../output/table.ts'

/** `countersign whoami`. With `--json`: `{ url, userId, name, roles, user, organization, apiToken }`. */
export function define(command: Command, invocation: Invocation): void {
  explain(command, 'The id of the organization is what the paths of the REST API begin with.')
  withConnection(command).action(async (options: ConnectionOptions) => {
    const connection = await connect(invocation, options, 'ci')
    const who = (await ask(connection, viewer, {})).viewer
    const url = connection.server.href.replace(/\/$/, '')
    invocation.report.result({ url, ...who }, () => fieldList(fieldsOf(url, who), invocation.report.marker))
  })
}

function fieldsOf(url: string, who: Viewer): readonly (readonly [string, string | null])[] {
  const { organization, user, apiToken } = who
  const projects = apiToken?.projects?.map((project) => project?.slug ?? '?').join(', ')
  return [
    ['service', url],
    ['organization', organization && `${organization.name} (${organization.organizationId})`],
    ['user', `${who.name} (${who.userId})`],
    ['kind', user?.kind ?? null],
    ['roles', who.roles.join(', ') || 'none'],
    ['token', apiToken && `${apiToken.name} (${apiToken.apiTokenId})`],
    ['which may', apiToken && `${apiToken.access}${projects === undefined ? '' : ` in ${projects}`}`],
    ['networks', apiToken?.networks?.join(', ') ?? null],
    ['until', apiToken?.expiresAt == null ? null : readableTime(apiToken.expiresAt)],
  ]
}
