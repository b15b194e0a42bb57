import type { CommandEntry, CommandGroup, CommandModule } from './invocation.ts'

/** The commands about users, tokens, groups and roles. */
export const peopleCommands: readonly CommandGroup[] = [
  {
    name: 'user',
    summary: 'users: people and CI systems',
    commands: [
      entry(
        'list',
        'list users, in the order of their creation',
        async () => (await import('./commands/user.ts')).list,
      ),
      entry('show', 'show everything about a user', async () => (await import('./commands/user.ts')).show),
      entry('invite', 'invite a person', async () => (await import('./commands/invitation.ts')).invite),
      entry(
        'resend-invitation',
        'make another invitation for who has not accepted',
        async () => (await import('./commands/invitation.ts')).resend,
      ),
      entry(
        'revoke-invitation',
        'end an invitation, at once',
        async () => (await import('./commands/invitation.ts')).revoke,
      ),
      entry(
        'accept-invitation',
        'accept an invitation, and get your first API token',
        async () => (await import('./commands/invitation.ts')).accept,
      ),
      entry(
        'prove-address',
        'say that an account is used by whom its address belongs to (on the server)',
        async () => (await import('./commands/invitation.ts')).proveAddress,
      ),
      entry('create-ci', 'add a CI user', async () => (await import('./commands/user.ts')).createCi),
      entry(
        'deactivate',
        'end what a user can do, at once',
        async () => (await import('./commands/user.ts')).deactivate,
      ),
      entry('reactivate', 'let a user act again', async () => (await import('./commands/user.ts')).reactivate),
      entry(
        'link-build-actor',
        'say which actor of a build system a user is',
        async () => (await import('./commands/build-actor.ts')).link,
      ),
      entry(
        'unlink-build-actor',
        'end the link of a user with an actor of a build system',
        async () => (await import('./commands/build-actor.ts')).unlink,
      ),
      entry('erase', 'erase what is known of a user, for good', async () => (await import('./commands/user.ts')).erase),
    ],
  },
  {
    name: 'token',
    summary: 'API tokens',
    commands: [
      entry('create', 'make an API token', async () => (await import('./commands/token.ts')).create),
      entry('list', 'list API tokens, without their secrets', async () => (await import('./commands/token.ts')).list),
      entry('revoke', 'end an API token, at once', async () => (await import('./commands/token.ts')).revoke),
    ],
  },
  {
    name: 'notification',
    summary: 'what you are told of by e-mail',
    commands: [
      entry('show', 'show what you are told of', async () => (await import('./commands/notification.ts')).show),
      entry('set', 'say what you are told of', async () => (await import('./commands/notification.ts')).set),
    ],
  },
  {
    name: 'group',
    summary: 'groups of users',
    commands: [
      entry('list', 'list groups', async () => (await import('./commands/group.ts')).list),
      entry('create', 'create a group', async () => (await import('./commands/group.ts')).create),
      entry(
        'update',
        'rename or describe a group, or change who is in it',
        async () => (await import('./commands/group.ts')).update,
      ),
    ],
  },
  {
    name: 'role',
    summary: 'global roles',
    commands: [
      entry('grant', 'give a user a global role', async () => (await import('./commands/role.ts')).grant),
      entry('revoke', 'take a global role from a user', async () => (await import('./commands/role.ts')).revoke),
    ],
  },
]

function entry(name: string, summary: string, load: () => Promise<CommandModule>): CommandEntry {
  return { name, summary, load }
}
