import type { CommandEntry, CommandGroup, CommandModule } from './invocation.ts'

const load = () => import('./commands/web-hook.ts')
const loadDeliveries = () => import('./commands/web-hook-deliveries.ts')

/** The commands about web hooks. */
export const webHookCommands: CommandGroup = {
  name: 'web-hook',
  summary: 'addresses that are told of signing requests',
  commands: [
    entry('list', 'list web hooks, newest first', async () => (await load()).list),
    entry('show', 'show everything about a web hook', async () => (await load()).show),
    entry('create', 'have an address told of requests, and show its secret once', async () => (await load()).create),
    entry('update', 'change a web hook', async () => (await load()).update),
    entry('rotate-secret', 'make a new secret, and show it once', async () => (await load()).rotateSecret),
    entry('disable', 'tell it nothing from now on', async () => (await load()).disable),
    entry('enable', 'tell it what happens from now on', async () => (await load()).enable),
    entry('delete', 'delete a web hook', async () => (await load()).remove),
    entry(
      'deliveries',
      'what it was told, or one delivery with its attempts',
      async () => (await loadDeliveries()).list,
    ),
    entry('resend', 'have a delivery sent once more', async () => (await loadDeliveries()).resend),
  ],
}

function entry(name: string, summary: string, loadCommand: () => Promise<CommandModule>): CommandEntry {
  return { name, summary, load: loadCommand }
}
