import { stringify } from 'yaml'
import { parseConfiguration } from '../../../proxy/config/parse.ts'
import { ProxyError } from '../../../proxy/proxy-error.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

/** A configuration with everything in it. */
const configuration = Buffer.from(
  stringify({
    listen: { host: '0.0.0.0', port: 8443 },
    operations: { host: '127.0.0.1', port: 9464 },
    tls: { certificate: 'proxy.pem', key: 'proxy.key', minimumVersion: 'TLSv1.3' },
    service: { url: 'https://signing.example.com', authorities: ['service.pem'] },
    statementKey: 'state/statement.key',
    limits: { connections: 100, idleSeconds: 60 },
    ruleSets: [
      {
        name: 'release-nodes',
        hostNames: ['proxy.example.com'],
        token: { file: 'token' },
        authorities: [
          {
            certificate: 'root.pem',
            intermediates: ['issuing.pem'],
            maximumIntermediates: 1,
            crl: { mode: 'hard', files: ['root.crl'] },
            ocsp: { mode: 'soft', responder: 'http://ocsp.example.com', authorities: true, timeoutMs: 1000 },
          },
        ],
        issuers: 'issuing.pem',
        template: { id: '1.3.6.1.4.1.311.21.8.1', majorVersion: { atLeast: 100 }, minorVersion: 3 },
        subject: {
          all: [{ part: 'OU', equals: 'Build' }],
          any: [{ part: '2.5.4.3', matches: 'build-*', ignoreCase: true }],
        },
        extendedKeyUsages: ['clientAuth', '1.3.6.1.4.1.311.20.2.2'],
      },
      { name: 'others', token: { environment: 'TOKEN' }, authorities: [{ certificate: 'other.pem' }] },
    ],
  }),
)

/**
 * Configurations of the proxy: changed ones are refused with the place of each fault, or accepted with what the rules promise: no plain
 * HTTP to another machine, and no template without an issuer.
 */
export const target: FuzzTarget = {
  name: 'proxy-configuration',
  run: (request) =>
    fuzzInputs(request, async (random, seed) => {
      let input: Buffer = configuration
      for (let times = 1 + random.below(3); times > 0; times -= 1) input = mutateBytes(input, random)
      try {
        const { service, ruleSets } = parseConfiguration(input.toString('utf8'), 'proxy.yaml')
        const { protocol, hostname } = new URL(service.url)
        if (protocol !== 'https:' && !/^(localhost|127\.|\[::1\])/.test(hostname))
          throw new FuzzFailure(seed, input, `tokens would be sent to ${service.url}`)
        if (ruleSets.some(({ template, issuers }) => template !== undefined && issuers === undefined))
          throw new FuzzFailure(seed, input, 'a template counts without an issuer')
        return 'accepted'
      } catch (error) {
        if (error instanceof FuzzFailure) throw error
        if (error instanceof ProxyError && /line \d+, column \d+|has more than/.test(error.message)) return error.code
        throw new FuzzFailure(seed, input, 'no ProxyError that says where', { cause: error })
      }
    }),
}
