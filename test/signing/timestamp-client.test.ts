import { describe, expect, test } from 'vitest'
import { der, messageSignerOf } from '../../signing/cms/index.ts'
import {
  createTimestampClient,
  encodeRejection,
  imprintOf,
  verifyTimestampToken,
} from '../../signing/timestamp/index.ts'
import { signature, useTimeStampAuthorities } from '../support/time-stamp-authorities.ts'
import { answerWithCertificate } from '../support/with-certificate.ts'

const { parts, serve, answering, lying, client, failureOf, passingOn, refused } = useTimeStampAuthorities()

describe('a token is handed out', () => {
  test.each(['sha256', 'sha384', 'sha512'] as const)(
    'for a %s imprint, and is for the bytes that were sent',
    async (hash) => {
      const token = await client([parts().good.url]).timestamp(signature, hash)
      const before = Date.now()
      const verified = verifyTimestampToken({
        token,
        imprint: imprintOf(signature, hash),
        trustedCertificates: [parts().tsa.root],
        area: 'TIMESTAMP',
      })
      expect(verified).toMatchObject({ authority: 'O=Countersign test, CN=Time', trusted: true })
      expect(Math.abs(verified.time.getTime() - before)).toBeLessThan(60_000)
    },
  )

  test('by the first authority of the list that answers well', async () => {
    const asked: string[] = []
    const broken = await answering(() => {
      asked.push('broken')
      return Buffer.from('nonsense')
    })
    const rejecting = await answering(() => {
      asked.push('rejecting')
      return encodeRejection('badAlg', 'no')
    })
    const token = await client([await refused(), broken, rejecting, parts().good.url]).timestamp(signature, 'sha256')
    expect(token.length).toBeGreaterThan(500)
    expect(asked).toEqual(['broken', 'rejecting'])
  })

  test('by one that calls its answer application/timestamp-response, with parameters', async () => {
    const url = await passingOn((answer, response) => {
      response.setHeader('content-type', 'Application/Timestamp-Response; charset=binary')
      return answer
    })
    await expect(client([url]).timestamp(signature, 'sha256')).resolves.toBeInstanceOf(Uint8Array)
  })

  test('by one whose answer ends with white space, and nothing else', async () => {
    const url = await passingOn((answer) => Buffer.concat([answer, Buffer.from(' \r\n\t\n')]))
    await expect(client([url]).timestamp(signature, 'sha256')).resolves.toBeInstanceOf(Uint8Array)
    const trailing = await passingOn((answer) => Buffer.concat([answer, Buffer.from('\n<!-- -->')]))
    expect(await failureOf([trailing])).toMatchObject({
      code: 'TIMESTAMP_INVALID',
      message: expect.stringContaining('is followed by 9 bytes'),
    })
  })

  test.each([
    ['of version 1 ([1])', 0xa1],
    ['of version 2 ([2])', 0xa2],
  ])('by one that sends attribute certificates %s', async (_version, tag) => {
    const url = await passingOn((answer) => answerWithCertificate(answer, der.element(tag, Buffer.alloc(300, 0x05))))
    const token = await client([url]).timestamp(signature, 'sha256')
    expect(verifyTimestampToken({ token, imprint: imprintOf(signature, 'sha256'), area: 'TIMESTAMP' }).authority).toBe(
      'O=Countersign test, CN=Time',
    )
  })

  test('but not by one that sends certificates of no kind that CMS has', async () => {
    const url = await passingOn((answer) => answerWithCertificate(answer, der.element(0xa4, Buffer.alloc(4))))
    expect(await failureOf([url])).toMatchObject({
      code: 'TIMESTAMP_INVALID',
      message: expect.stringContaining('has the tag 0xa4'),
    })
  })

  test('by openssl', async () => {
    const token = await client([parts().openssl.url], { trustedCertificates: [parts().openssl.certificate] }).timestamp(
      signature,
      'sha512',
    )
    expect(token.length).toBeGreaterThan(500)
  })

  test('by one that wants a user and a password, which stand in its address', async () => {
    const seen: (string | undefined)[] = []
    const url = new URL(
      await serve((request, response) => {
        seen.push(request.headers.authorization)
        response.writeHead(401).end()
      }),
    )
    url.username = 'me'
    url.password = 'pass%2Fword'
    const failure = await failureOf([url.href])
    expect(failure).toMatchObject({ code: 'TIMESTAMP_REJECTED', message: expect.stringContaining('HTTP status 401') })
    expect(`${failure.message}${failure.stack}${failure.cause}`).not.toMatch(/pass|me:/)
    expect(seen[0]).toBe(`Basic ${Buffer.from('me:pass/word').toString('base64')}`)
  })
})

test('addresses that are none are refused when the client is made', () => {
  for (const url of ['', 'timestamp.example', 'ftp://timestamp.example/', 'file:///etc/passwd'])
    expect(() => client([url])).toThrow(expect.objectContaining({ code: 'TIMESTAMP_URL_INVALID' }))
})

test('an abort ends the waiting with its reason, and no further authority is asked', async () => {
  const reason = new Error('cancelled')
  const abort = new AbortController()
  const silent = await serve(() => abort.abort(reason))
  await expect(client([silent, parts().good.url]).timestamp(signature, 'sha256', abort.signal)).rejects.toBe(reason)
})

test('without trusted certificates any sound authority is taken, and its time counts for nothing', async () => {
  const url = await lying(() => ({ signer: messageSignerOf(parts().other.key), certificateChain: parts().other.chain }))
  const anyone = createTimestampClient({ urls: [url], transport: fetch, timeoutMs: 5000, maximumSkewMs: 60_000 })
  const token = await anyone.timestamp({
    signature,
    hashAlgorithm: 'sha256',
    signerCertificate: parts().signerCertificate,
  })
  const verified = verifyTimestampToken({ token, imprint: imprintOf(signature, 'sha256'), area: 'TIMESTAMP' })
  expect(verified.trusted).toBe(false)
})
