import { DerReader, der } from '../../signing/cms/index.ts'

/** A ContentInfo with SignedData, with a further element in its set of certificates: what no signature covers. */
export function withCertificate(contentInfo: Uint8Array, extra: Uint8Array): Uint8Array {
  const [outer] = elements(contentInfo)
  const [type, explicit] = elements(outer?.content ?? contentInfo)
  const [signedData] = elements(explicit?.content ?? contentInfo)
  const fields = elements(signedData?.content ?? contentInfo).map(({ tag, content, encoded }) =>
    tag === 0xa0 ? der.element(0xa0, content, extra) : encoded,
  )
  return der.sequence(type?.encoded ?? contentInfo, der.context(0, der.sequence(...fields)))
}

/** The same of a granted TimeStampResp, whose second element is the ContentInfo. */
export function answerWithCertificate(answer: Uint8Array, extra: Uint8Array): Uint8Array {
  const [outer] = elements(answer)
  const [status, contentInfo] = elements(outer?.content ?? answer)
  return der.sequence(status?.encoded ?? answer, withCertificate(contentInfo?.encoded ?? answer, extra))
}

/**
 * A granted TimeStampResp without the attribute certificates of its token, which `openssl ts` cannot read; as it is when
 * it has none.
 */
export function withoutAttributeCertificates(answer: Buffer): Buffer {
  const outer = new DerReader(answer, 'TEST').takeAny('test')
  const [status, contentInfo] = elements(outer.content)
  const [type, explicit] = elements(contentInfo?.content ?? answer)
  const [signedData] = elements(explicit?.content ?? answer)
  let passedOver = 0
  const fields = elements(signedData?.content ?? answer).map(({ tag, content, encoded }) => {
    if (tag !== 0xa0) return encoded
    const all = elements(content)
    const kept = all.filter((each) => each.tag !== 0xa1 && each.tag !== 0xa2)
    passedOver += all.length - kept.length
    return der.element(0xa0, ...kept.map((each) => each.encoded))
  })
  if (passedOver === 0) return answer
  const token = der.sequence(type?.encoded ?? answer, der.context(0, der.sequence(...fields)))
  return Buffer.from(der.sequence(status?.encoded ?? answer, token))
}

function elements(bytes: Uint8Array) {
  return new DerReader(bytes, 'TEST').rest(64, 'test')
}
