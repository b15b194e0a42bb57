import { describe, expect, test } from 'vitest'
import type { ObservedEvent, RecordableFinding } from '../../domain/index.ts'
import { acting, activityLog, expectedFindings, findIn, foundBy, moment } from '../support/activity.ts'
import { randomActivity } from '../support/random-activity.ts'
import { seededRandom } from '../support/seeded-random.ts'

const log = activityLog()

/** A token of each of these users is used from two networks, one user after the other within an hour. */
function stolen(users: readonly number[], minute = 0, organization = 1): readonly ObservedEvent[] {
  return users.flatMap((user, index) =>
    ['192.0.2.1', '198.51.100.7'].map((from) =>
      log.change({ organization, user, from, at: moment(0, 10, minute, index) }),
    ),
  )
}

const numbers = (count: number, first = 1) => Array.from({ length: count }, (_, index) => first + index)
const together = (findings: readonly RecordableFinding[]) =>
  findings.flatMap(({ event }) => (event.type === 'FurtherUnusualActivityDetected' ? [event.data] : []))
const aboutUser = (user: number) => ({ about: 'user', userId: acting.user(user), signingPolicyId: null })

describe('what is found of one rule within an hour', () => {
  test('is recorded one by one ten times, then together at once, at ten and at a hundred, with everybody named', () => {
    const { findings } = findIn(stolen(numbers(10 + 1 + 10 + 100)))
    expect(foundBy('tokenInTwoNetworks', findings)).toHaveLength(10)
    expect(together(findings).map(({ count, unnamed }) => [count, unnamed])).toEqual([
      [1, 0],
      [10, 0],
      [100, 50],
    ])
    expect(together(findings)[0]?.subjects).toEqual([aboutUser(11)])
    expect(together(findings)[1]?.subjects).toEqual(numbers(10, 12).map(aboutUser))
  })

  test('is recorded, as far as it was left, with the first thing that happens after the hour', () => {
    const events = [...stolen(numbers(14)), log.change({ user: 99, at: moment(0, 11) })]
    const { findings } = findIn(events)
    expect(together(findings)).toMatchObject([
      { count: 1, subjects: [aboutUser(11)] },
      { count: 3, subjects: [aboutUser(12), aboutUser(13), aboutUser(14)], unnamed: 0 },
    ])
    expect(findings.at(-1)?.cause).toMatchObject({ evidence: { eventId: events.at(-1)?.id }, remoteAddress: null })
    expect(together(findIn(events.with(-1, log.change({ user: 99, at: moment(0, 10, 59) }))).findings)).toHaveLength(1)
  })

  test('does not crowd out what another rule finds, or what is found in another organization', () => {
    const burst = numbers(20).map((second) => log.submit({ user: 50, at: moment(0, 10, 30, second) }))
    const { findings } = findIn([...stolen(numbers(200)), ...burst, ...stolen([1], 40, 2)])
    expect(foundBy('burstOfSubmissions', findings)).toHaveLength(2)
    expect(findings.filter(({ cause }) => cause.organizationId === acting.organization(2))).toHaveLength(1)
  })

  test('costs a few events however long it goes on', () => {
    const attack = numbers(2_000).flatMap((second) => [
      log.submit({ at: moment(0, 10, 0, Math.floor(second / 2)), from: `198.51.${second % 250}.1` }),
    ])
    expect(findIn(attack).findings.length).toBeLessThan(20)
  })

  test('tells three findings of new networks apart, and counts the others', () => {
    const known = numbers(100).map((minute) => log.change({ at: moment(0, 1, minute) }))
    const release = log.policy({ user: 9, at: moment(0) })
    const away = numbers(14).map((net) => log.submit({ at: moment(1, 10, net), from: `203.0.${net}.1` }))
    expect(foundBy('newNetwork', findIn([release, ...known, ...away]).findings).map(({ count }) => count)).toEqual([
      1, 1, 1, 10,
    ])
  })
})

describe('what is kept of anybody', () => {
  test('is bounded, whatever they do', () => {
    const random = seededRandom(1)
    const events = numbers(2_500).map((each) => {
      const from = `${1 + random.below(200)}.${random.below(250)}.${random.below(250)}.1`
      const at = moment(Math.floor(each / 60), random.below(24), each % 60)
      const act = { at, from, token: random.below(500), user: 1 }
      return random.below(5) === 0 ? log.deny({ ...act, submitter: 1 }) : log.submit(act)
    })
    const { profiles } = findIn([log.policy({ at: moment(0) }), ...events])
    for (const profile of profiles.values()) expect(JSON.stringify(profile).length).toBeLessThan(16_000)
    expect(profiles.size).toBe(3)
  })
})

describe('findings', () => {
  test.each([1, 2, 3, 4, 5])('of an organization are the same whatever happens in others meanwhile: %i', (seed) => {
    const [one, other] = [1, 2].map((each) => randomActivity(seededRandom(seed * 13 + each), each)) as [
      readonly ObservedEvent[],
      readonly ObservedEvent[],
    ]
    const random = seededRandom(seed)
    const [left, right] = [[...one], [...other]]
    const mixed: ObservedEvent[] = []
    while (left.length + right.length > 0) {
      const from = right.length === 0 || (left.length > 0 && random.below(2) === 0) ? left : right
      mixed.push(...from.splice(0, 1))
    }
    const byStream = (findings: ReturnType<typeof expectedFindings>) =>
      findings.toSorted((a, b) => (a.streamId < b.streamId ? -1 : 1))
    const alone = [...expectedFindings(one), ...expectedFindings(other)]
    expect(alone.length).toBeGreaterThan(0)
    expect(expectedFindings(mixed)).toEqual(byStream(alone))
  })

  test.each([1, 2, 3])('of a burst are the same in whatever order the log has its submissions: %i', (seed) => {
    const random = seededRandom(seed)
    const burst = numbers(25).map((each) => log.submit({ at: moment(0, 10, 0, each * 20) }))
    const shuffled = burst
      .map((event) => ({ event, key: random.below(1_000_000) }))
      .toSorted((a, b) => a.key - b.key)
      .map(({ event }) => event)
    const numbersOf = (events: readonly ObservedEvent[]) =>
      foundBy('burstOfSubmissions', findIn(events).findings).map(({ about, seen }) => [about, seen])
    expect(numbersOf(shuffled)).toEqual(numbersOf(burst))
  })

  test('have ids of their own', () => {
    for (const seed of [1, 2, 3]) {
      const ids = expectedFindings(randomActivity(seededRandom(seed), 1, 40)).map(({ streamId }) => streamId)
      expect(new Set(ids).size).toBe(ids.length)
    }
  })
})
