import type { CommandEntry, CommandGroup, CommandModule } from './invocation.ts'

const load = () => import('./commands/trusted-build-system.ts')
const loadLinks = () => import('./commands/build-system-links.ts')

/** The commands about trusted build systems. */
export const buildSystemCommands: CommandGroup = {
  name: 'trusted-build-system',
  summary: 'what vouches for builds: tokens, links to projects, keys of proxies',
  commands: [
    entry('list', 'list trusted build systems', async () => (await load()).list),
    entry('show', 'show everything about a trusted build system', async () => (await load()).show),
    entry('create', 'create a trusted build system, and show its token once', async () => (await load()).create),
    entry('update', 'change a trusted build system', async () => (await load()).update),
    entry('rotate-token', 'make a new token, and show it once', async () => (await load()).rotateToken),
    entry('disable', 'refuse its tokens from now on', async () => (await load()).disable),
    entry('enable', 'let it vouch again', async () => (await load()).enable),
    entry('link', 'let it vouch for submissions to a project', async () => (await loadLinks()).link),
    entry('change-link', 'give a link other settings or secrets', async () => (await loadLinks()).changeLink),
    entry('unlink', 'end that', async () => (await loadLinks()).unlink),
    entry(
      'register-proxy-key',
      'believe what an authentication proxy signs about build nodes',
      async () => (await import('./commands/proxy-key.ts')).registerKey,
    ),
    entry('remove-proxy-key', 'end that', async () => (await import('./commands/proxy-key.ts')).removeKey),
  ],
}

function entry(name: string, summary: string, loadCommand: () => Promise<CommandModule>): CommandEntry {
  return { name, summary, load: loadCommand }
}
