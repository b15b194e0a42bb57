import type { UnusualActivityRule, UnusualFacts, UnusualSubject } from './unusual-activity/events.ts'

/** What was found, as a sentence for people. Names nobody: who and what it is about stands beside it. */
export function unusualActivityText(facts: UnusualFacts, about: UnusualSubject['about']): string {
  switch (facts.rule) {
    case 'unusualHour': {
      const whose = facts.usual.of === 'signingPolicy' ? 'it is used' : 'release policies of the organization are used'
      return `A release policy was used at ${facts.seen.hour} h UTC; ${whose} at ${facts.usual.hours.join(', ')} h (${facts.usual.uses} uses).`
    }
    case 'newNetwork':
      return `A release policy was used from a network that the user had never called from (${facts.usual.uses} calls from ${facts.usual.networks} before).`
    case 'burstOfSubmissions': {
      const { seen, usual } = facts
      const whose = about === 'user' ? 'by one user' : 'to one policy'
      return `${seen.submissions} requests were submitted ${whose} within ${seen.minutes} minutes; usual are ${usual.submissions} at the most, on ${usual.days} days.`
    }
    case 'repeatedDenials':
      return `${facts.seen.denials} denials within ${facts.seen.minutes} minutes, of ${about === 'user' ? 'requests of one submitter' : 'requests to one policy'}.`
    case 'tokenInTwoNetworks':
      return `One API token was used from two networks within ${facts.seen.seconds} seconds.`
  }
}

/** The same of findings that were recorded together. */
export function furtherUnusualActivityText(rule: UnusualActivityRule, count: number): string {
  return `${count} more ${count === 1 ? 'finding' : 'findings'} of the rule ${rule} within an hour.`
}
