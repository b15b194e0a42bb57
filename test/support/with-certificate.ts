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

function elements(bytes: Uint8Array) {
  return new DerReader(bytes, 'TEST').rest(20, 'test')
}
