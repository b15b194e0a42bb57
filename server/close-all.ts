import type { Logger } from 'pino'

/** Closes one part of the service and releases what it holds. */
export type Closer = () => Promise<void>

/**
 * Closes parts one after the other, those that were opened last first, since they may need the others. One that fails is
 * logged, and keeps none of the others open. Each is closed once, however often this is called.
 *
 * @param closers in the order in which the parts were opened; empty afterwards
 */
export async function closeAll(closers: Closer[], logger: Pick<Logger, 'error'>): Promise<void> {
  for (const closer of closers.splice(0).reverse())
    try {
      await closer()
    } catch (error) {
      logger.error({ err: error }, 'a part did not close in good order')
    }
}
