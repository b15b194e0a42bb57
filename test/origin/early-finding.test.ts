import { describe, expect, it } from 'vitest'
import { failedCheck, type OriginProof } from '../../domain/index.ts'
import { earlyFinding } from '../../origin/early-finding.ts'
import { OriginError, type OriginErrorCode } from '../../origin/origin-error.ts'

const found = (proof: OriginProof, ...codes: readonly string[]) => ({
  ...{ origin: null, proof, evidence: [] },
  checks: codes.map((code) => failedCheck('check', { code, message: `${code}.` }, {})),
})
const away = (code: OriginErrorCode) => () => Promise.reject(new OriginError(code, 'Away.', { isPassing: true }))
const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'taken',
    ({ name, code }: { name: string; code?: string }) => [name, code],
  )

describe('what is found before a submission is recorded', () => {
  it.each([
    ['a token that does not hold', found('identityToken', 'IDENTITY_TOKEN_EXPIRED'), 'IDENTITY_TOKEN_EXPIRED'],
    ['a token of another repository', found('identityToken', 'ORIGIN_CLAIM_REFUSED'), 'ORIGIN_CLAIM_REFUSED'],
    ['a claim that says too little', found('claim', 'ORIGIN_JENKINS_INCOMPLETE'), 'ORIGIN_JENKINS_INCOMPLETE'],
    ['credentials without a permission', found('api', 'ORIGIN_API_FORBIDDEN'), 'ORIGIN_API_FORBIDDEN'],
    [
      'a wrong build and credentials that lack something',
      found('api', 'ORIGIN_FORK_REFUSED', 'ORIGIN_API_FORBIDDEN'),
      'ORIGIN_API_FORBIDDEN',
    ],
  ])('refuses %s', async (_, finding, code) => {
    expect(await codeOf(earlyFinding(async () => finding))).toEqual(['Refusal', code])
  })

  it('takes a wrong build, which is recorded with all that was asked when its artifact is there', async () => {
    expect(await codeOf(earlyFinding(async () => found('api', 'ORIGIN_FORK_REFUSED')))).toBe('taken')
  })

  it('takes what a build system that is away cannot be asked about, and no token that cannot be checked', async () => {
    expect(await codeOf(earlyFinding(away('ORIGIN_API_UNAVAILABLE')))).toBe('taken')
    expect(await codeOf(earlyFinding(away('ORIGIN_API_RATE_LIMITED')))).toBe('taken')
    const timedOut = () => Promise.reject(new DOMException('Too late.', 'TimeoutError'))
    expect(await codeOf(earlyFinding(timedOut))).toBe('taken')
    expect(await codeOf(earlyFinding(away('IDENTITY_TOKEN_KEYS_UNAVAILABLE')))).toEqual([
      'OriginError',
      'IDENTITY_TOKEN_KEYS_UNAVAILABLE',
    ])
    expect(await codeOf(earlyFinding(() => Promise.reject(new TypeError('a fault'))))).toEqual(['TypeError', undefined])
  })
})
