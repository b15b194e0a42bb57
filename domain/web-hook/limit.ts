import { Refusal } from '../refusal.ts'

/** So many web hooks a project has at the most, and so many there are for all projects: each is told of each request. */
export const mostWebHooks = 50

/**
 * Refuses a web hook more than there may be.
 *
 * @param count those that there are of the same project, or for all projects: enabled or not
 * @throws Refusal `WEB_HOOKS_TOO_MANY`
 */
export function refuseTooManyWebHooks(count: number): void {
  if (count < mostWebHooks) return
  throw new Refusal(
    'WEB_HOOKS_TOO_MANY',
    `A project has ${mostWebHooks} web hooks at the most, and there are ${mostWebHooks} for all projects at the most. Delete one that nobody needs, or give it another address.`,
  )
}
