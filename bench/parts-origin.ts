import type { Parts } from './row.ts'

/** What it costs to know where a build comes from. */
export const originParts: Parts = {
  'identity-tokens': async () => {
    const { measureIdentityTokens } = await import('./identity-tokens.ts')
    const { checkedPerSecond, barePerSecond } = await measureIdentityTokens()
    return [
      {
        work: "check of a job's identity token with the issuer's keys at hand, against jwtVerify of jose (per second of processor time)",
        ours: `${checkedPerSecond.toFixed(0)} /s`,
        against: `${barePerSecond.toFixed(0)} /s`,
        figure: checkedPerSecond / barePerSecond,
        must: '≥',
        bound: 0.6,
      },
    ]
  },
}
