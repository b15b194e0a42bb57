import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { certificatesOfFile, readCertificate } from '../../proxy/certificates/certificate.ts'
import { checkRevocation, keyText } from '../../proxy/revocation/check-path.ts'
import { type Crl, readCrl } from '../../proxy/revocation/crl.ts'
import { everything, readScope } from '../../proxy/revocation/crl-scope.ts'
import { ocspRequest, readOcspResponse } from '../../proxy/revocation/ocsp.ts'
import { der } from '../../signing/cms/index.ts'
import { NodeAuthority, type NodeCertificate } from '../support/node-authority.ts'
import { openssl } from '../support/openssl.ts'
import { suiteFolder } from '../support/suite-folder.ts'

const folder = suiteFolder()
const dates = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 86_400_000) }
const entitled = 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=OCSPSigning'

let issuing: NodeAuthority
let node: NodeCertificate
let responder: NodeCertificate
beforeAll(async () => {
  issuing = await NodeAuthority.root(folder, 'Issuing')
  node = await issuing.issue('node', dates)
  responder = await issuing.issue('responder', { extensions: entitled })
})

describe('a response of an OCSP responder', () => {
  it('says that a certificate is good, revoked or unknown', async () => {
    const gone = await issuing.issue('gone', dates)
    await issuing.revoke(gone)
    const stranger = await issuing.issue('stranger')
    expect(await answerAbout(node, responder)).toMatchObject({ status: 'good' })
    expect(await answerAbout(gone, responder)).toMatchObject({ status: 'revoked' })
    expect(await answerAbout(stranger, responder)).toMatchObject({ status: 'unknown' })
  })

  it('may be signed by the issuer itself', async () => {
    const issuer = { certificateFile: issuing.certificateFile, keyFile: issuing.at('ca.key') }
    expect(await answerAbout(node, issuer)).toMatchObject({ status: 'good' })
  })

  it('is not believed of who is not entitled by this issuer, or not any more', async () => {
    const other = await NodeAuthority.root(`${folder}/other`, 'Issuing')
    const past = { notBefore: new Date(Date.now() - 7_200_000), notAfter: new Date(Date.now() - 3_600_000) }
    for (const signer of [
      await issuing.issue('client'),
      await issuing.issue('weak', { extensions: entitled, digest: 'sha1' }),
      await issuing.issue('expired', { extensions: entitled, ...past }),
      await other.issue('responder', { extensions: entitled }),
    ])
      expect(await answerAbout(node, signer)).toMatchObject({ fault: expect.stringContaining('signed neither') })
  })

  it('about another certificate is none', async () => {
    const response = await respond(ocspRequest(read(responder), authority()), responder)
    expect(readOcspResponse(response, read(node), authority(), Date.now())).toMatchObject({
      fault: expect.stringContaining('another certificate'),
    })
  })
})

describe('a revocation list', () => {
  it('that holds a certificate revokes it even where it does not speak for it, and nothing else has to be known', async () => {
    const gone = await issuing.issue('listed', dates)
    await issuing.revoke(gone)
    const crl = await readCrl(Buffer.from(await issuing.list()))
    const elsewhere = { ...crl, scope: { ...everything, points: new Set(['134:http://elsewhere']) } }
    const faultOf = async (about: NodeCertificate, list: Crl) => {
      const lists = [{ crl: list, authorityKey: keyText(authority()), file: 'a.crl' }]
      const rules = { crl: { mode: 'soft', lists }, ocsp: undefined } as const
      return (await checkRevocation([read(about), authority()], rules, noOcsp, Date.now())).fault?.reason
    }
    expect(await faultOf(gone, crl)).toBe('revoked')
    expect(await faultOf(gone, elsewhere)).toBe('revoked')
    expect(await faultOf(node, elsewhere)).toBeUndefined()
  })

  it('says by DER for what it speaks', () => {
    const flagged = (octet: number) => der.sequence(der.contextPrimitive(5, Buffer.of(octet)))
    expect(readScope(flagged(0xff), 'X')).toMatchObject({ only: 'attributes' })
    expect(() => readScope(flagged(0x01), 'X')).toThrow(expect.objectContaining({ code: 'X' }))
  })
})

const noOcsp = {
  statusOf: async () => {
    throw new Error('nobody is asked')
  },
}

async function answerAbout(about: NodeCertificate, signer: NodeCertificate) {
  const response = await respond(ocspRequest(read(about), authority()), signer)
  return readOcspResponse(response, read(about), authority(), Date.now())
}

/** Has `openssl ocsp` answer a request. */
async function respond(request: Uint8Array, { certificateFile, keyFile }: NodeCertificate): Promise<Buffer> {
  const [asked, answered] = [join(folder, 'request.der'), join(folder, 'response.der')]
  writeFileSync(asked, request)
  await openssl(
    ...['ocsp', '-index', issuing.at('index.txt'), '-CA', issuing.certificateFile, '-rsigner', certificateFile],
    ...['-rkey', keyFile, '-reqin', asked, '-respout', answered, '-ndays', '1'],
  )
  return readFileSync(answered)
}

function read({ certificateFile }: { readonly certificateFile: string }) {
  const [der] = certificatesOfFile(readFileSync(certificateFile))
  if (der === undefined) throw new Error('there is no certificate')
  return readCertificate(der)
}

function authority() {
  return read(issuing)
}
