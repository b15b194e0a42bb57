import { execFile } from 'node:child_process'
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { messageSignerOf } from '../../../signing/cms/index.ts'
import { SigningError } from '../../../signing/signing-error.ts'
import {
  askAuthority,
  authorityAddress,
  createTimestampToken,
  encodeGranted,
  encodeTimestampRequest,
  imprintOf,
  parseTimestampRequest,
  parseTimestampResponse,
  verifyTimestampToken,
} from '../../../signing/timestamp/index.ts'
import { makeIdentity, type TestIdentity } from '../../support/openssl.ts'
import { opensslTimeStampAuthority } from '../../support/openssl-time-stamp-authority/index.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { withoutAttributeCertificates } from '../../support/with-certificate.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { mutateDer } from '../mutation/der.ts'
import { askAnother, type SecondOpinion } from '../second-opinion.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

const run = promisify(execFile)
const stamping = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,timeStamping'
const imprint = imprintOf(Buffer.from('a signature'), 'sha256')
const nonce = Buffer.from('4123456789abcdef', 'hex')
const query = Buffer.from(encodeTimestampRequest(imprint, nonce))

/** What answers are made from and judged by. */
interface Authorities {
  /** Right answers to `query`, by us and by openssl. */
  readonly answers: readonly Buffer[]
  readonly tsa: TestIdentity
  readonly trustedCertificates: readonly Uint8Array[]
}

/**
 * Answers of time-stamp authorities that were changed, as encodings and as HTTP answers: each is refused with a code, or
 * `openssl ts -verify` accepts it as well.
 */
export const target: FuzzTarget = {
  name: 'time-stamp-answer',
  async run(request) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'countersign-fuzz-'))
    const authorities = await makeAuthorities(folder.path)
    const others = askAnother(folder.path, 'openssl', opensslVerify(join(folder.path, 'trusted.pem')))
    const report = await fuzzInputs(request, (random, seed) =>
      random.below(8) === 0
        ? tryAnswer(authorities, others, random, seed)
        : tryEncoding(authorities, others, random, seed),
    )
    await others.settle()
    return report
  },
}

/** An encoding, as it is read and verified. */
async function tryEncoding(
  { answers, trustedCertificates }: Authorities,
  others: SecondOpinion,
  random: SeededRandom,
  seed: number,
): Promise<string> {
  const base = random.oneOf(answers)
  const input = random.below(4) === 0 ? mutateBytes(base, random) : mutateDer(base, random)
  try {
    const response = parseTimestampResponse(input, 'TIMESTAMP_INVALID')
    if (response.kind === 'rejected') return 'rejected'
    verifyTimestampToken({ token: response.token, imprint, nonce, area: 'TIMESTAMP', trustedCertificates })
  } catch (reason) {
    if (reason instanceof SigningError) return reason.code
    throw new FuzzFailure(seed, input, 'no SigningError', { cause: reason })
  }
  if (input.equals(base)) return 'unchanged'
  await others.ask(seed, input, withoutAttributeCertificates(input), { suffix: '.query', bytes: query })
  return 'accepted'
}

/** A whole HTTP answer, with everything that can differ in it, as the client takes it. */
async function tryAnswer(
  { tsa, trustedCertificates }: Authorities,
  others: SecondOpinion,
  random: SeededRandom,
  seed: number,
): Promise<string> {
  let input: Buffer = Buffer.alloc(0)
  let sent: Uint8Array = query
  const signerCertificate = tsa.root
  const outcome = await askAuthority(
    authorityAddress('http://127.0.0.1/'),
    { signature: Buffer.from('a signature'), hashAlgorithm: 'sha256', signerCertificate },
    {
      timeoutMs: 10_000,
      maximumSkewMs: 60_000,
      now: Date.now,
      trustedCertificates,
      async transport(_url, { body }) {
        sent = body
        input = mutateHttpBody(await answerTo(body, tsa), random)
        const status = random.oneOf([200, 200, 200, 201, 204, 301, 403, 404, 429, 500, 503])
        const headers = httpHeaders(random)
        return new Response(status === 204 ? null : Uint8Array.from(input), { status, headers })
      },
    },
  ).catch((reason: unknown) => {
    throw new FuzzFailure(seed, input, 'no answer but an error', { cause: reason })
  })
  if (outcome.kind === 'failure') return `HTTP ${outcome.code}`
  await others.ask(seed, input, withoutAttributeCertificates(input), { suffix: '.query', bytes: sent })
  return 'HTTP accepted'
}

function mutateHttpBody(answer: Buffer, random: SeededRandom): Buffer {
  return random.oneOf([
    () => answer,
    () =>
      Buffer.concat([
        answer,
        Buffer.from(random.oneOf([' ', '\r\n', '\n\n\t', '\0', '\n.', '\x85', '\xa0']), 'latin1'),
      ]),
    () => Buffer.concat([Buffer.from(random.oneOf([' ', '\r\n', '\ufeff'])), answer]),
    () => Buffer.alloc(0),
    () => Buffer.from('<html><body>Quota exceeded</body></html>'),
    () => Buffer.concat([answer, answer]),
    () => Buffer.from(answer.toString('base64')),
    () => mutateDer(answer, random),
    () => mutateBytes(answer, random),
  ])()
}

function httpHeaders(random: SeededRandom): Record<string, string> {
  return {
    'content-type': random.oneOf([
      ...['application/timestamp-reply', 'application/timestamp-reply', 'application/timestamp-response; a="b;c"'],
      ...['APPLICATION/TIMESTAMP-REPLY', 'text/html', 'text/plain; charset=x', ';', 'application/octet-stream'],
    ]),
    'retry-after': random.oneOf(['', '5', '-1', '1e9', '99999999999', 'Sun, 06 Nov 1994 08:49:37 GMT', 'soon', '0x10']),
    ...(random.below(3) === 0 && { location: random.oneOf(['/', '//[', 'https://a.example/?q', 'data:,', '\x7f']) }),
  }
}

async function answerTo(body: Uint8Array, { key, chain }: TestIdentity): Promise<Buffer> {
  const request = parseTimestampRequest(body)
  if (typeof request === 'string') throw new Error(request)
  const token = await createTimestampToken({
    request,
    signer: messageSignerOf(key),
    certificateChain: chain,
    hashAlgorithm: 'sha256',
    policy: '2.999.1',
    serialNumber: Uint8Array.of(7),
    time: new Date(),
  })
  return Buffer.from(encodeGranted(token))
}

async function makeAuthorities(folder: string): Promise<Authorities> {
  const [tsa, other, openssl] = await Promise.all([
    makeIdentity(folder, 'rsa-2048', { commonName: 'Time', extensions: stamping }),
    makeIdentity(folder, 'ec-p256', { commonName: 'Other time', extensions: stamping }),
    opensslTimeStampAuthority(folder),
  ])
  try {
    const headers = { 'content-type': 'application/timestamp-query' }
    const byOpenssl = await fetch(openssl.url, { method: 'POST', headers, body: Uint8Array.from(query) })
    const roots = await Promise.all(
      [tsa.rootFile, other.rootFile, join(folder, 'tsa.pem')].map((path) => readFile(path)),
    )
    await writeFile(join(folder, 'trusted.pem'), Buffer.concat(roots))
    return {
      tsa,
      answers: [await answerTo(query, tsa), await answerTo(query, other), Buffer.from(await byOpenssl.arrayBuffer())],
      trustedCertificates: [tsa.root, other.root, openssl.certificate],
    }
  } finally {
    openssl.close()
  }
}

/** `openssl ts -verify` of an answer, against the query beside it. */
function opensslVerify(trusted: string) {
  return async (path: string) => {
    const files = ['-queryfile', `${path}.query`, '-in', path, '-CAfile', trusted]
    return run('openssl', ['ts', '-verify', ...files]).then(
      ({ stdout, stderr }) => ({
        ok: stdout.includes('Verification: OK') || stderr.includes('Verification: OK'),
        output: stdout + stderr,
      }),
      (error: { stdout?: string; stderr?: string }) => ({ ok: false, output: `${error.stdout}${error.stderr}` }),
    )
  }
}
