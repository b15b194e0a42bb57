import type { Instant, ObservedEvent } from '../../domain/index.ts'
import { activityLog, moment } from './activity.ts'
import type { SeededRandom } from './seeded-random.ts'

/**
 * What a few people of two organizations do within some weeks, as a log has it: days with little, and hours in which something
 * unusual happens. Decisions are about requests that the log has.
 *
 * @param organizations whose activity it is; each one's does not depend on the others
 */
export function randomActivity(random: SeededRandom, organization: number, days = 14): readonly ObservedEvent[] {
  const log = activityLog(organization * 1_000_000)
  const own = (number: number) => organization * 10 + number
  const events: ObservedEvent[] = [1, 2].map((policy) =>
    log.policy({ organization, policy: own(policy), user: own(0), at: moment(0, 0, policy) }, policy === 1),
  )
  const requests: { readonly policy: number; readonly submitter: number; readonly request: number }[] = []

  function act(at: Instant, user: number, from: string, token = user): void {
    const place = { organization, user: own(user), token: own(token), from, at }
    const policy = own(1 + random.below(2))
    const decided = requests.length > 0 && random.below(3) === 0 ? random.oneOf(requests) : undefined
    if (decided !== undefined) {
      events.push(random.below(3) === 0 ? log.deny({ ...place, ...decided }) : log.approve({ ...place, ...decided }))
      return
    }
    if (random.below(4) === 0) {
      events.push(random.below(2) === 0 ? log.change(place) : log.refuse(place))
      return
    }
    const submitted = log.submit({ ...place, policy })
    events.push(submitted)
    requests.push({ policy, submitter: own(user), request: log.lastRequest() })
  }

  const home = (user: number) => `192.0.${user}.${1 + random.below(4)}`
  for (let day = 0; day < days; day += 1) {
    for (let uses = 0; uses < 6; uses += 1) {
      const user = 1 + random.below(3)
      act(moment(day, 9 + uses, random.below(60)), user, home(user))
    }
    if (random.below(3) > 0) continue
    const user = 1 + random.below(3)
    const away = `198.51.${random.below(3)}.9`
    const hour = random.oneOf([3, 12, 22])
    const often = random.oneOf([2, 25, 40])
    for (let uses = 0; uses < often; uses += 1)
      act(moment(day, hour, 0, uses * 7), user, random.below(4) === 0 ? away : home(user))
  }
  return events
}
