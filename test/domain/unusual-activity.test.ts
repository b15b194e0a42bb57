import { describe, expect, test } from 'vitest'
import { type ObservedEvent, siteNetworkOf } from '../../domain/index.ts'
import { acting, activityLog, findIn, foundBy, moment } from '../support/activity.ts'

const log = activityLog()

/** A release policy that is used on so many days, so often a day, at ten and eleven o'clock. */
function usedDaily(days: number, perDay: number, act: { readonly policy?: number } = {}): readonly ObservedEvent[] {
  const uses = Array.from({ length: days * perDay }, (_, index) =>
    log.submit({ ...act, at: moment(Math.floor(index / perDay), 10 + (index % 2)) }),
  )
  return [log.policy({ ...act, at: moment(0, 9) }), ...uses]
}

describe('a release policy that is used at an unusual hour', () => {
  const unusual = (events: readonly ObservedEvent[]) => foundBy('unusualHour', findIn(events).findings)

  test('is found, with the hours at which it is used', () => {
    const night = log.submit({ at: moment(6, 3, 20), from: '192.0.2.9' })
    expect(unusual([...usedDaily(5, 4), night])).toEqual([
      {
        schemaVersion: 1,
        rule: 'unusualHour',
        seen: { hour: 3 },
        usual: { hours: [10, 11], uses: 20, of: 'signingPolicy' },
        about: 'signingPolicy',
        userId: acting.user(),
        signingPolicyId: acting.policy(),
        tokenId: acting.token(),
        signingRequestId: (night.data as { signingRequestId: string }).signingRequestId,
        happenedAt: moment(6, 3, 20),
        count: 1,
        evidence: [{ eventId: night.id, streamId: night.streamId }],
      },
    ])
  })

  test('is found when it is approved at such an hour, too', () => {
    expect(unusual([...usedDaily(5, 4), log.approve({ at: moment(6, 3), user: 2 })])).toHaveLength(1)
  })

  test.each([
    ['after 19 uses', usedDaily(5, 4).slice(0, -1), moment(6, 3), 0],
    ['on 4 days', usedDaily(4, 10), moment(6, 3), 0],
    ['after 20 uses on 5 days', usedDaily(5, 4), moment(6, 3), 1],
    ['an hour before the usual ones', usedDaily(5, 4), moment(6, 9), 0],
    ['two hours before', usedDaily(5, 4), moment(6, 8, 59), 1],
    ['an hour after', usedDaily(5, 4), moment(6, 12, 59), 0],
    ['two hours after', usedDaily(5, 4), moment(6, 13), 1],
  ])('%s', (_, history, at, found) => {
    expect(unusual([...history, log.submit({ at })])).toHaveLength(found)
  })

  test('is judged by the hours of all release policies as long as it was used seldom', () => {
    const history = [...usedDaily(5, 4), log.policy({ policy: 2, at: moment(5, 9) })]
    expect(unusual([...history, log.submit({ policy: 2, at: moment(6, 11) })])).toEqual([])
    const [found] = unusual([...history, log.submit({ policy: 2, at: moment(6, 3) })])
    expect(found).toMatchObject({ signingPolicyId: acting.policy(2), usual: { of: 'organization', uses: 20 } })
  })

  test('is nothing unusual for a policy that is not for releases, nor of another organization', () => {
    const noRelease = [...usedDaily(5, 4), log.policy({ at: moment(5, 12) }, false), log.submit({ at: moment(6, 3) })]
    expect(unusual(noRelease)).toEqual([])
    const foreign = { organization: 2, policy: 2 }
    const other = [log.policy({ ...foreign, at: moment(5) }), log.submit({ ...foreign, at: moment(6, 3) })]
    expect(unusual([...usedDaily(5, 4), ...other])).toEqual([])
  })
})

describe('a release policy that is used from a new network', () => {
  const unusual = (events: readonly ObservedEvent[]) => foundBy('newNetwork', findIn(events).findings)
  const calls = (count: number, from = '192.0.2.1') =>
    Array.from({ length: count }, (_, index) => log.change({ at: moment(0, 9, index), from }))
  const release = log.policy({ user: 9, at: moment(0) })

  test('is found when the person had called five times from elsewhere, and has no address in it', () => {
    const found = findIn([release, ...calls(5), log.submit({ at: moment(1), from: '198.51.100.7' })]).findings
    expect(foundBy('newNetwork', found)).toMatchObject([
      { about: 'user', userId: acting.user(), seen: { networks: 2 }, usual: { networks: 1, uses: 5 } },
    ])
    expect(JSON.stringify(found.map(({ event }) => event))).not.toContain('198.51')
    expect(found.map(({ cause }) => cause.remoteAddress)).toEqual(['198.51.100.7'])
  })

  test.each([
    ['four calls before', [...calls(4)], '198.51.100.7', 0],
    ['five calls before', [...calls(5)], '198.51.100.7', 1],
    ['an address beside the known one', [...calls(5)], '192.0.2.254', 0],
    ['an address in the next network', [...calls(5)], '192.0.3.1', 1],
    ['two networks in nine calls: changing is usual', [...calls(8), ...calls(1, '203.0.113.1')], '198.51.100.7', 0],
    ['two networks in ten calls', [...calls(9), ...calls(1, '203.0.113.1')], '198.51.100.7', 1],
  ])('%s', (_, history, from, found) => {
    expect(unusual([release, ...history, log.submit({ at: moment(1), from })])).toHaveLength(found)
    expect(unusual([release, ...history, log.approve({ at: moment(1), from })])).toHaveLength(found)
  })

  test('is nothing unusual the second time, for another policy, or where no address is known', () => {
    const again = [
      log.submit({ at: moment(1), from: '198.51.100.7' }),
      log.submit({ at: moment(2), from: '198.51.100.7' }),
    ]
    expect(unusual([release, ...calls(5), ...again])).toHaveLength(1)
    expect(unusual([release, ...calls(5), log.submit({ policy: 2, at: moment(1), from: '198.51.100.7' })])).toEqual([])
    const { remoteAddress: _, ...metadata } = log.submit({ at: moment(1) }).metadata
    expect(unusual([release, ...calls(5), { ...log.submit({ at: moment(1) }), metadata }])).toEqual([])
  })

  test('knows nothing any more of somebody who is erased', () => {
    const { findings, profiles } = findIn([release, ...calls(5), log.erase({ at: moment(1) })])
    expect(findings).toEqual([])
    expect(profiles.get(`user-${acting.user()}`)).toEqual({})
  })
})

describe('networks', () => {
  test.each([
    ['192.0.2.77', '192.0.2.0/24'],
    ['::ffff:192.0.2.77', '192.0.2.0/24'],
    ['2001:db8:1:2:3::4', '2001:db8:1::/48'],
    ['2001:0DB8:0001:2::', '2001:db8:1::/48'],
    ['unix', 'unix'],
  ])('%s is in %s', (address, network) => {
    expect(siteNetworkOf(address)).toBe(network)
  })
})

describe('a burst of submissions', () => {
  const unusual = (events: readonly ObservedEvent[]) => foundBy('burstOfSubmissions', findIn(events).findings)
  const burst = (count: number, day: number, act: { user?: number; policy?: number } = {}, seconds = 30) =>
    Array.from({ length: count }, (_, index) => log.submit({ ...act, at: moment(day, 10, 0, index * seconds) }))

  test('is found at the twentieth within ten minutes, of the user and of the policy', () => {
    expect(unusual(burst(19, 0))).toEqual([])
    const found = unusual(burst(20, 0))
    expect(found.map(({ about }) => about)).toEqual(['user', 'signingPolicy'])
    expect(found[0]).toMatchObject({ seen: { submissions: 20, minutes: 10 }, usual: { submissions: 0, days: 0 } })
    expect(found[0]?.evidence).toHaveLength(10)
  })

  test('is of the policy alone when many submit', () => {
    const many = Array.from({ length: 20 }, (_, index) => log.submit({ user: index + 1, at: moment(0, 10, 0, index) }))
    expect(unusual(many).map(({ about }) => about)).toEqual(['signingPolicy'])
  })

  test('is none when they are spread over more than ten minutes', () => {
    expect(unusual(burst(40, 0, {}, 35))).toEqual([])
  })

  test('is compared with the busiest ten minutes of other days, but for one of them', () => {
    const usual = (days: number) => Array.from({ length: days }, (_, day) => burst(15, day)).flat()
    expect(unusual([...usual(2), ...burst(29, 5, {}, 15)])).toEqual([])
    const found = unusual([...usual(2), ...burst(30, 5, {}, 15)])
    expect(found[0]).toMatchObject({ seen: { submissions: 30 }, usual: { submissions: 15, days: 2 } })
    expect(unusual([...usual(1), ...burst(20, 5, {}, 15)])).not.toEqual([])
  })

  test('that goes on is recorded once, and again at ten, a hundred and after an hour', () => {
    const found = unusual(burst(20 + 10 + 100, 0, {}, 1)).filter(({ about }) => about === 'user')
    expect(found.map(({ count }) => count)).toEqual([1, 10, 100])
    const later = Array.from({ length: 25 }, (_, index) => log.submit({ at: moment(0, 11, 1, index) }))
    const both = unusual([...burst(25, 0, {}, 1), ...later]).filter(({ about }) => about === 'user')
    expect(both.map(({ count }) => count)).toEqual([1, 6])
  })
})

describe('repeated denials', () => {
  const unusual = (events: readonly ObservedEvent[]) => foundBy('repeatedDenials', findIn(events).findings)
  const deny = (minutes: number, act: { policy?: number; submitter?: number } = {}) =>
    log.deny({ user: 8, ...act, at: moment(0, 10, minutes) })

  test('are three within an hour, of one submitter or one policy', () => {
    expect(unusual([deny(0), deny(30)])).toEqual([])
    const found = unusual([deny(0), deny(30), deny(59)])
    expect(found.map(({ about, userId }) => [about, userId])).toEqual([
      ['user', acting.user(1)],
      ['signingPolicy', acting.user(8)],
    ])
    expect(found[0]).toMatchObject({ seen: { denials: 3, minutes: 60 }, usual: { denials: 2 } })
    expect(found[0]?.evidence).toHaveLength(3)
    expect(unusual([deny(0), deny(30), deny(60)])).toEqual([])
  })

  test('of one submitter to several policies are of that one, and of several to one policy are of the policy', () => {
    const byOne = [deny(0, { policy: 1 }), deny(1, { policy: 2 }), deny(2, { policy: 3 })]
    expect(unusual(byOne).map(({ about }) => about)).toEqual(['user'])
    const ofOne = [deny(0, { submitter: 1 }), deny(1, { submitter: 2 }), deny(2, { submitter: 3 })]
    expect(unusual(ofOne).map(({ about }) => about)).toEqual(['signingPolicy'])
  })

  test('count whatever their order', () => {
    const [one, two, three] = [deny(0), deny(30), deny(59)]
    for (const order of [
      [one, two, three],
      [three, one, two],
      [two, three, one],
    ])
      expect(unusual(order)).toHaveLength(2)
  })
})

describe('a token used from two networks', () => {
  const unusual = (events: readonly ObservedEvent[]) => foundBy('tokenInTwoNetworks', findIn(events).findings)
  const [home, away] = ['192.0.2.1', '198.51.100.7']
  const use = (seconds: number, from: string, token = 1) => log.change({ at: moment(0, 10, 0, seconds), from, token })

  test('is found within five minutes, with both uses', () => {
    const [one, other] = [use(0, home), use(299, away)]
    expect(unusual([one, other])).toMatchObject([
      { about: 'user', tokenId: acting.token(), seen: { seconds: 299 }, usual: { seconds: 300 } },
    ])
    expect(unusual([one, other])[0]?.evidence.map(({ eventId }) => eventId)).toEqual([one.id, other.id])
    expect(unusual([one, use(300, away)])).toEqual([])
  })

  test('is found whatever the order in which the log has the uses', () => {
    expect(unusual([use(20, away), use(0, home)])).toHaveLength(1)
  })

  test('is found when what it asked for there was refused', () => {
    const refused = log.refuse({ at: moment(0, 10, 1), from: away })
    expect(unusual([use(0, home), refused])).toMatchObject([{ tokenId: acting.token() }])
  })

  test('is none for two tokens, two addresses of one network, or networks that the user calls from as a rule', () => {
    expect(unusual([use(0, home, 1), use(1, away, 2)])).toEqual([])
    expect(unusual([use(0, home), use(1, '192.0.2.200')])).toEqual([])
    const often = (from: string, count: number, hour: number) =>
      Array.from({ length: count }, (_, index) => log.change({ at: moment(0, hour, index), from }))
    expect(unusual([...often(home, 10, 5), ...often(away, 10, 7), use(0, home), use(1, away)])).toEqual([])
    expect(unusual([...often(home, 10, 5), ...often(away, 9, 7), use(0, home), use(1, away)])).toHaveLength(1)
  })
})
