import { registerHooks } from 'node:module'

/**
 * Preloaded into a process of the service (`node --import`): its composition then opens the event log of
 * `event-log.ts` beside this file, which ends everything at the append that a test names.
 */
registerHooks({
  resolve(specifier, context, next) {
    const isComposition = context.parentURL?.endsWith('/server/event-log.ts') === true
    if (!isComposition || specifier !== '../event-log/index.ts') return next(specifier, context)
    return next(new URL('event-log.ts', import.meta.url).href, context)
  },
})
