import { describe, expect, it } from 'vitest'
import { handleCommand } from '../../application/handle-command.ts'
import { openCertificateWatch } from '../../application/index.ts'
import {
  type Certificate,
  type CertificateId,
  certificateDecider,
  fold,
  type Instant,
  streams,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { issuedFacts } from '../support/issued-facts.ts'
import { type TestApplication, testApplication } from '../support/test-application.ts'

const day = 86_400_000
const begin = '2026-03-01T00:00:00.000Z'
const daysLater = (days: number): Instant => new Date(Date.parse(begin) + days * day).toISOString()

/** A watch over an application's certificates, what it asked of workflows, and the way of time. */
function watchOf(test: TestApplication) {
  const asked: string[] = []
  const failures: unknown[] = []
  const watch = openCertificateWatch({
    log: test.dependencies.log,
    workflows: {
      resumeCertificate: async (id) => void asked.push(`issue ${id}`),
      enrolCertificate: async (id) => void asked.push(`enrol ${id}`),
    },
    now: () => test.clock.now,
    onError: (error) => failures.push(error),
  })
  return {
    asked,
    failures,
    /** Looks every so many hours until so many days after the beginning. */
    async until(days: number, certificates: readonly CertificateId[], everyHours = 6) {
      for (
        ;
        test.clock.now <= daysLater(days);
        test.clock.now = new Date(Date.parse(test.clock.now) + everyHours * 3_600_000).toISOString()
      )
        await watch.look(new Set(certificates))
    },
    look: (...certificates: readonly CertificateId[]) => watch.look(new Set(certificates)),
  }
}

async function eventsOf({ dependencies }: TestApplication, certificateId: CertificateId) {
  return (await readWholeStream(dependencies.log, streams.certificate(certificateId))).events
}

/** An authority's certificate for so many days from the beginning. */
async function installed(test: TestApplication, days: number, enrolment?: { readonly renewBeforeDays: number }) {
  test.clock.now = begin
  const { certificateId } = await test.application.requestCertificate(test.setup, {
    name: 'Release',
    subject: { commonName: 'Acme' },
    key: { algorithm: 'ec-p256' },
    ...(enrolment !== undefined && { enrolment: { by: 'est', server: 'corporate', ...enrolment } }),
  })
  await install(test, certificateId, begin, daysLater(days))
  return certificateId
}

/** Has a self-signed certificate made anew, with this validity: the stand-in makes one that hardly ends. */
async function makeSelfSigned(test: TestApplication, certificateId: CertificateId, from: Instant, to: Instant) {
  const { dependencies, setup } = test
  const stream = streams.certificate(certificateId)
  await handleCommand(dependencies, setup, stream, certificateDecider, { type: 'RequestRenewal' })
  const issued = issuedFacts('CN=Test', from, to)
  await handleCommand(dependencies, setup, stream, certificateDecider, { type: 'RecordIssued', issued })
}

function install({ dependencies, setup }: TestApplication, certificateId: CertificateId, from: Instant, to: Instant) {
  const issued = issuedFacts('CN=Acme', from, to)
  const command = { type: 'InstallCertificate', issued, source: { by: 'upload' } } as const
  return handleCommand(dependencies, setup, streams.certificate(certificateId), certificateDecider, command)
}

describe('the watch over certificates', () => {
  it('tells of an end 60, 30, 14, 7 and 1 days before and when it passes, each once, also with two workers', async () => {
    const test = await testApplication()
    const certificateId = await installed(test, 100)
    const [first, second] = [watchOf(test), watchOf(test)]
    await first.until(50, [certificateId])
    await second.until(80, [certificateId])
    await first.until(120, [certificateId])
    const told = (await eventsOf(test, certificateId)).filter(({ type }) => type.startsWith('CertificateExp'))
    expect(told.map(({ data, metadata }) => [data.days ?? 'over', metadata.occurredAt.slice(0, 10)])).toEqual([
      [60, daysLater(40).slice(0, 10)],
      [30, daysLater(70).slice(0, 10)],
      [14, daysLater(86).slice(0, 10)],
      [7, daysLater(93).slice(0, 10)],
      [1, daysLater(99).slice(0, 10)],
      ['over', daysLater(100).slice(0, 10)],
    ])
    expect(told[0]?.metadata.actor).toEqual({ kind: 'system', component: 'certificateWatch' })
    expect([first.failures, second.failures]).toEqual([[], []])
  })

  it('asks for the next certificate as long before the end as was said, and has it taken to the EST server', async () => {
    const test = await testApplication()
    const certificateId = await installed(test, 100, { renewBeforeDays: 20 })
    const watch = watchOf(test)
    await watch.until(79, [certificateId])
    expect(watch.asked).toEqual([])
    await watch.until(80, [certificateId])
    expect(watch.asked).toEqual([`issue ${certificateId}`])
    // The signer has made the request: it goes to the server until that has answered.
    await test.dependencies.workflows.issueCertificate(certificateId)
    await watch.until(81, [certificateId])
    expect(watch.asked.filter((each) => each === `enrol ${certificateId}`).length).toBeGreaterThan(1)
    await install(test, certificateId, daysLater(80), daysLater(180))
    watch.asked.length = 0
    await watch.until(100, [certificateId])
    expect(watch.asked).toEqual([])
    const state = fold(certificateDecider, await eventsOf(test, certificateId)) as Certificate
    expect(state.expiry).toEqual({ warnedDays: null, expired: false })
  })

  it('renews a self-signed one for tests once, before its end, also with two workers', async () => {
    const test = await testApplication()
    test.clock.now = begin
    const { certificateId } = await test.application.createSelfSignedCertificate(test.setup, {
      name: 'Tests',
      subject: { commonName: 'Tests' },
      key: { algorithm: 'ec-p256' },
      notBefore: begin,
      notAfter: daysLater(7),
      renewBeforeHours: 24,
    })
    // As the signer makes it: valid from its making on, for seven days.
    await makeSelfSigned(test, certificateId, begin, daysLater(7))
    const [first, second] = [watchOf(test), watchOf(test)]
    test.clock.now = daysLater(5.9)
    await Promise.all([first.look(certificateId), second.look(certificateId)])
    expect([...first.asked, ...second.asked]).toEqual([])
    test.clock.now = daysLater(6.1)
    await Promise.all([first.look(certificateId), second.look(certificateId)])
    expect(new Set([...first.asked, ...second.asked])).toEqual(new Set([`issue ${certificateId}`]))
    const types = (await eventsOf(test, certificateId)).map(({ type }) => type)
    // The first was that of the test itself.
    expect(types.filter((type) => type === 'CertificateRenewalRequested')).toHaveLength(2)
  })

  it('leaves a disabled certificate alone, and looks after it again when it is enabled', async () => {
    const test = await testApplication()
    const certificateId = await installed(test, 100, { renewBeforeDays: 20 })
    const input = { certificateId, reason: null }
    await test.application.disableCertificate(test.setup, input)
    const watch = watchOf(test)
    await watch.until(85, [certificateId])
    expect((await eventsOf(test, certificateId)).at(-1)?.type).toBe('CertificateDisabled')
    await test.application.enableCertificate(test.setup, input)
    await watch.until(85.5, [certificateId])
    const types = (await eventsOf(test, certificateId)).map(({ type }) => type)
    expect(types.slice(-3)).toEqual(['CertificateEnabled', 'CertificateExpiryWarned', 'CertificateRenewalRequested'])
  })

  it('reads a certificate no more than once an hour while nothing is due', async () => {
    const test = await testApplication()
    const certificateId = await installed(test, 460)
    const { log } = test.dependencies
    let reads = 0
    const counted = new Proxy(log, {
      get: (target, name) => {
        if (name === 'readStream') reads += 1
        const value = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const workflows = { resumeCertificate: async () => undefined, enrolCertificate: async () => undefined }
    const watch = openCertificateWatch({ log: counted, workflows, now: () => test.clock.now, onError: () => undefined })
    for (let minute = 0; minute < 180; minute++) {
      test.clock.now = new Date(Date.parse(begin) + minute * 60_000).toISOString()
      await watch.look(new Set([certificateId]))
    }
    expect(reads).toBe(3)
  })
})
