import type { FastifyInstance } from 'fastify'
import type { Settings } from './configuration.ts'
import { ConfigurationError } from './configuration-error.ts'

/**
 * Opens the door where the settings say.
 *
 * @throws ConfigurationError `PORT_IN_USE` or `ADDRESS_UNUSABLE`
 */
export async function listen(fastify: FastifyInstance, { host, port }: Pick<Settings, 'host' | 'port'>): Promise<void> {
  try {
    await fastify.listen({ host, port })
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      throw new ConfigurationError(
        'PORT_IN_USE',
        `Something else listens on ${host}:${port}. Stop it, or set COUNTERSIGN_PORT to another port.`,
        { cause },
      )
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EACCES')
      throw new ConfigurationError(
        'ADDRESS_UNUSABLE',
        `It is not possible to listen on ${host}:${port} (${message}). COUNTERSIGN_HOST must be an address of this machine, and COUNTERSIGN_PORT one that this user may open.`,
        { cause },
      )
    throw cause
  }
}
