import type { CommandEntry, CommandGroup, CommandModule } from './invocation.ts'

/** The commands about projects, signing policies, artifact configurations and grants. */
export const projectCommands: readonly CommandGroup[] = [
  {
    name: 'project',
    summary: 'projects',
    commands: [
      { name: 'list', summary: 'list projects', load: () => import('./commands/project-list.ts') },
      entry('show', 'show everything about a project', async () => (await import('./commands/project.ts')).show),
      entry('create', 'create a project', async () => (await import('./commands/project.ts')).create),
      entry('update', 'change a project', async () => (await import('./commands/project.ts')).update),
      entry('deactivate', 'put a project out of use', async () => (await import('./commands/project.ts')).deactivate),
      entry(
        'reactivate',
        'put a project into use again',
        async () => (await import('./commands/project.ts')).reactivate,
      ),
    ],
  },
  {
    name: 'policy',
    summary: 'signing policies',
    commands: [
      { name: 'list', summary: 'list signing policies', load: () => import('./commands/policy-list.ts') },
      entry('show', 'show everything about a signing policy', async () => (await import('./commands/policy.ts')).show),
      entry('create', 'create a signing policy', async () => (await import('./commands/policy.ts')).create),
      entry('update', 'make a new version of a policy', async () => (await import('./commands/policy.ts')).update),
      entry('deactivate', 'put a policy out of use', async () => (await import('./commands/policy.ts')).deactivate),
      entry('reactivate', 'put a policy into use again', async () => (await import('./commands/policy.ts')).reactivate),
      {
        name: 'simulate',
        summary: 'say whether something would be signed, and by which rules',
        load: () => import('./commands/policy-simulate.ts'),
      },
    ],
  },
  {
    name: 'artifact-configuration',
    summary: 'what is signed inside of artifacts',
    commands: [
      entry('list', 'list artifact configurations', async () => (await configurations()).list),
      entry('show', 'show an artifact configuration, or its text', async () => (await configurations()).show),
      entry('versions', 'list its versions, oldest first', async () => (await configurations()).versions),
      entry('validate', 'say what is wrong with a file', async () => (await configurations()).validate),
      entry('create', 'create an artifact configuration', async () => (await configurations()).create),
      entry('update', 'make a new version of it, or call it otherwise', async () => (await configurations()).update),
      entry('deactivate', 'put it out of use', async () => (await configurations()).deactivate),
      entry('reactivate', 'put it into use again', async () => (await configurations()).reactivate),
      entry('set-default', 'choose the one for who names none', async () => (await configurations()).setDefault),
    ],
  },
  {
    name: 'grant',
    summary: 'approvals in advance',
    commands: [
      entry('create', 'approve in advance, in your own name', async () => (await import('./commands/grant.ts')).create),
      entry('list', 'list grants, newest first', async () => (await import('./commands/grant.ts')).list),
      entry('show', 'show everything about a grant', async () => (await import('./commands/grant.ts')).show),
      entry('revoke', 'revoke a grant', async () => (await import('./commands/grant.ts')).revoke),
    ],
  },
]

const configurations = () => import('./commands/artifact-configuration.ts')

function entry(name: string, summary: string, load: () => Promise<CommandModule>): CommandEntry {
  return { name, summary, load }
}
