import { originOfJenkinsClaim } from '../../domain/origin-of-jenkins-claim.ts'
import type { OriginFinding, OriginQuestion } from '../connector.ts'
import { type CheckList, createCheckList } from '../reading/index.ts'
import type { JenkinsBuild, JenkinsSettings } from './forms.ts'

type Question = OriginQuestion<JenkinsSettings, JenkinsBuild>

/** Takes what Jenkins' plugin says of its build: the token proved that it is that Jenkins; nothing else is asked. */
export function verifyClaim({ claimed, build, artifact }: Question): OriginFinding {
  const { origin, checks } = originOfJenkinsClaim(claimed)
  const announced = createCheckList()
  judgeDigest(announced, build, artifact)
  return { origin, proof: 'claim', checks: [...checks, ...announced.made], evidence: [] }
}

/** Compares the artifact with what was announced of it, where both are there. */
export function judgeDigest(
  checks: CheckList,
  { sha256 }: Pick<JenkinsBuild, 'sha256'>,
  artifact: Question['artifact'],
): void {
  if (!sha256 || artifact === null) return
  checks.add(
    'artifactAnnounced',
    { announced: sha256, artifact: artifact.sha256 },
    sha256 !== artifact.sha256 && {
      code: 'ORIGIN_ARTIFACT_DIFFERENT',
      message:
        'The artifact is not the one that Jenkins announced: its SHA-256 is another. Submit the archived artifact of the build.',
    },
  )
}
