import type { Command } from 'commander'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { type BuildActorInput, linkBuildActor, unlinkBuildActor } from '../documents/people.ts'
import { parseId } from '../entity-id.ts'
import { type CommandModule, connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { type BasedOnOption, reportOrProposed, userOf, withBasedOn, withChangeReason } from '../people.ts'

type ActorOptions = ConnectionOptions & BasedOnOption & { readonly system: string; readonly actor: string }

/** `countersign user link-build-actor`. With `--json`: `{ userId, position, changeProposalId }`. */
export const link: CommandModule = {
  define(command, invocation) {
    const explained = explain(
      command,
      'What the actor builds, or builds of what they pushed, counts then as submitted by the user, who may not approve it where a policy says so. `countersign request show` shows both of the actors of a verified origin.',
    )
    withActor(withConnection(explained)).action(async (text: string, options: ActorOptions) => {
      const { input, connection } = await inputOf(invocation, text, options)
      const { linkBuildActor: changed } = await ask(connection, linkBuildActor, { input })
      reportOrProposed(invocation, changed, `Linked the user ${input.userId} with the actor ${input.actorId}.`)
    })
  },
}

/** `countersign user unlink-build-actor`. With `--json`: `{ userId, position, changeProposalId }`. */
export const unlink: CommandModule = {
  define(command, invocation) {
    withActor(withChangeReason(withConnection(command))).action(async (text: string, options: ActorOptions) => {
      const { input, connection } = await inputOf(invocation, text, options)
      const { unlinkBuildActor: changed } = await ask(connection, unlinkBuildActor, { input })
      reportOrProposed(invocation, changed, `Unlinked the user ${input.userId} from the actor ${input.actorId}.`)
    })
  },
}

function withActor(command: Command): Command {
  return withBasedOn(command)
    .argument('<user>', 'id of the user')
    .requiredOption('--system <url>', 'the issuer of identity tokens, or the base URL of the API of the build system')
    .requiredOption('--actor <id>', 'the id of the actor there')
}

async function inputOf(invocation: Invocation, text: string, { system, actor, ...options }: ActorOptions) {
  const userId = parseId(text, 'user')
  const connection = await connect(invocation, options, null)
  const basedOnRevision = options.basedOn ?? (await userOf(connection, userId)).revision
  const input: BuildActorInput = { userId, system, actorId: actor, basedOnRevision }
  return { input, connection }
}
