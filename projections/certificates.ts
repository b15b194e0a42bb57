import type { Certificate, CertificateState } from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { certificateAt, certificateDecider } from './folds.ts'
import type { CertificateView } from './views.ts'

/** `certificate-<id>` → `certificates`. */
export const certificates: EntityProjection<CertificateState, object, CertificateView> = {
  kind: 'certificate',
  table: 'certificates',
  decider: certificateDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: {},
  observe: (facts) => facts,
  columns: (state) => ({ key_id: (state as Certificate).keyId }),
  view: ({ state }, recorded, at) => {
    const certificate = state as Certificate
    return { ...certificate, status: certificateAt(certificate, at), ...recorded }
  },
}
