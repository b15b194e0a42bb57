import {
  type ExistingSignatureTreatment,
  type GlobalRole,
  globalRoles,
  type KeyAlgorithm,
  keyAlgorithms,
  type PlanNode,
  type PlannedOutcome,
  type ReadPerson,
  type RequestStatus,
  requestStatuses,
  type TokenAccess,
  type WorkflowStatus,
  workflowStatuses,
} from '../domain/index.ts'
import { builder } from './builder.ts'

/** GraphQL names have no hyphens: `rsa-3072` is `rsa_3072` here. */
export function named<Value extends string>(values: readonly Value[]): Record<string, { value: Value }> {
  return Object.fromEntries(values.map((value) => [value.replaceAll('-', '_'), { value }]))
}

/** Where a request stands, in short. */
export const RequestStatusRef = builder.enumType('RequestStatus', {
  description: 'Where a signing request stands, in short.',
  values: named<RequestStatus>(requestStatuses),
})

/** Where a request stands, in detail. */
export const WorkflowStatusRef = builder.enumType('WorkflowStatus', {
  description: 'Where a signing request stands, in detail.',
  values: named<WorkflowStatus>(workflowStatuses),
})

/** Roles. */
export const GlobalRoleRef = builder.enumType('GlobalRole', {
  description: 'A role that holds for the whole organization.',
  values: named<GlobalRole>(globalRoles),
})

/** Key types. */
export const KeyAlgorithmRef = builder.enumType('KeyAlgorithm', {
  description: 'RSA with its modulus length in bits, or an elliptic curve of FIPS 186-5.',
  values: named<KeyAlgorithm>(keyAlgorithms),
})

/** What a plan names. */
export const PlanNodeKindRef = builder.enumType('PlanNodeKind', {
  description: 'What a node of a plan is.',
  values: {
    file: { value: 'file', description: 'A file that is not opened.' },
    container: { value: 'container', description: 'A file that is opened, since something in it is named.' },
    directory: { value: 'directory', description: 'A folder in a container that is signed as a whole.' },
  } satisfies Record<PlanNode['kind'], unknown>,
})

/** What becomes of it. */
export const PlannedOutcomeRef = builder.enumType('PlannedOutcome', {
  description: 'What becomes of a file or folder.',
  values: {
    signed: { value: 'signed', description: 'Its directives are carried out.' },
    rebuilt: { value: 'rebuilt', description: 'It changes because something in it is signed.' },
    unchanged: { value: 'unchanged', description: 'It stays byte for byte as it is.' },
  } satisfies Record<PlannedOutcome, unknown>,
})

/** Whether signatures carry a time-stamp. */
export const TimestampRequirementRef = builder.enumType('TimestampRequirement', {
  description: 'Whether a signature must carry an RFC 3161 time-stamp.',
  values: named(['required', 'none'] as const),
})

/** What is done with files that are signed already. */
export const ExistingSignatureTreatmentRef = builder.enumType('ExistingSignatureTreatment', {
  description: 'What is done with a file that is signed already.',
  values: {
    replace: { value: 'replace' as const, description: 'Its signatures are removed.' },
    append: { value: 'append' as const, description: 'They are kept, and the new one is added.' },
    refuse: { value: 'refuse' as const, description: 'The request fails.' },
  } satisfies Record<ExistingSignatureTreatment, { value: ExistingSignatureTreatment; description: string }>,
})

/** Kinds of users. */
export const UserKindRef = builder.enumType('UserKind', {
  values: {
    interactive: { value: 'interactive' as const, description: 'A person.' },
    ci: { value: 'ci' as const, description: 'A CI system: has API tokens only and never signs in.' },
  },
})

/** Whether a user may act. */
export const UserStatusRef = builder.enumType('UserStatus', {
  values: {
    invited: { value: 'invited' as const, description: 'A person who has accepted no invitation yet: can do nothing.' },
    active: { value: 'active' as const },
    deactivated: { value: 'deactivated' as const },
  },
})

/** Whether a person's name and address can be read. */
export const PersonalDataStatusRef = builder.enumType('PersonalDataStatus', {
  values: {
    readable: { value: 'readable' as const },
    erased: { value: 'erased' as const, description: 'Erased for good: the name is `erased user` and the id.' },
    unavailable: {
      value: 'unavailable' as const,
      description: 'The keys are away; the same question may answer later.',
    },
  } satisfies Record<ReadPerson['status'], { value: ReadPerson['status']; description?: string }>,
})

/** What a token may of what its user may. */
export const ApiTokenAccessRef = builder.enumType('ApiTokenAccess', {
  description: "What an API token may of what its user may; beyond the user's own permissions it gives none.",
  values: {
    full: { value: 'full' as const, description: 'Everything.' },
    submit: { value: 'submit' as const, description: 'Read the organization, submit, cancel and download.' },
    read: { value: 'read' as const, description: 'Read, and change nothing.' },
  } satisfies Record<TokenAccess, { value: TokenAccess; description: string }>,
})

/** Whether a token works. */
export const ApiTokenStatusRef = builder.enumType('ApiTokenStatus', {
  values: named(['active', 'revoked', 'expired'] as const),
})

/** Where keys come from. */
export const KeyOriginRef = builder.enumType('KeyOrigin', {
  values: {
    generated: { value: 'generated' as const, description: 'Made in its key store.' },
    imported: { value: 'imported' as const, description: 'Made elsewhere and brought into the key store.' },
  },
})

/** The way of a key. */
export const KeyStatusRef = builder.enumType('KeyStatus', {
  values: named(['requested', 'active', 'disabled', 'destroyed'] as const),
})

/** Kinds of certificates. */
export const CertificateKindRef = builder.enumType('CertificateKind', {
  values: {
    selfSigned: { value: 'selfSigned' as const, description: 'Signed by its own key, for test signing.' },
    authority: {
      value: 'authority' as const,
      description: 'Issued by an authority for a request that its key signed.',
    },
    imported: {
      value: 'imported' as const,
      description: 'Brought in with its key, which was outside of a key store and is potentially exposed.',
    },
    openPgp: { value: 'openPgp' as const, description: 'An OpenPGP key, which certifies itself.' },
  },
})

/** The way of a certificate. */
export const CertificateStatusRef = builder.enumType('CertificateStatus', {
  values: named(['requested', 'awaitingIssuance', 'active', 'disabled', 'expired'] as const),
})

/** How a certificate comes from its authority. */
export const EnrolmentWayRef = builder.enumType('EnrolmentWay', {
  values: {
    upload: { value: 'upload' as const, description: 'Somebody carries the request there and what was issued back.' },
    est: { value: 'est' as const, description: 'An EST server is asked (RFC 7030).' },
  },
})

/** Kinds of names of a certificate's subject. */
export const AlternativeNameKindRef = builder.enumType('AlternativeNameKind', {
  values: named(['dns', 'email', 'uri'] as const),
})

/** How much a difference between certificates matters. */
export const ContinuitySeverityRef = builder.enumType('ContinuitySeverity', {
  values: {
    notice: { value: 'notice' as const, description: 'Nothing known breaks.' },
    warning: { value: 'warning' as const, description: 'Something sees another publisher, and can fail.' },
    alarm: { value: 'alarm' as const, description: "Another authority issued it, as with an attacker's certificate." },
  },
})

/** What can differ between certificates. */
export const ContinuityAspectRef = builder.enumType('ContinuityAspect', {
  values: named([
    'subject',
    'issuer',
    'issuingAuthority',
    'key',
    'extendedKeyUsages',
    'publicKeyToken',
    'appxPublisher',
  ] as const),
})

/** Whether a project is in use. */
export const ProjectStatusRef = builder.enumType('ProjectStatus', { values: named(['valid', 'inactive'] as const) })

/** Whether an artifact configuration is in use. */
export const ArtifactConfigurationStatusRef = builder.enumType('ArtifactConfigurationStatus', {
  values: named(['active', 'inactive'] as const),
})

/** Whether a policy is in use. */
export const SigningPolicyStatusRef = builder.enumType('SigningPolicyStatus', {
  values: named(['active', 'inactive'] as const),
})

/** Why a request was denied. */
export const DenialKindRef = builder.enumType('DenialKind', {
  values: {
    denied: { value: 'denied' as const, description: 'An approver said no.' },
    expired: { value: 'expired' as const, description: 'The deadline passed without enough approvals.' },
  },
})

/** Who acts. */
export const ActorKindRef = builder.enumType('ActorKind', {
  values: {
    user: { value: 'user' as const, description: 'A user: a person or a CI system.' },
    system: { value: 'system' as const, description: 'A part of the service itself.' },
    anonymous: { value: 'anonymous' as const, description: 'Nobody that is known.' },
    unknown: { value: 'unknown' as const, description: 'Of a kind that only a later release knows.' },
  },
})

/** How a user proved who they are. */
export const AuthenticationMethodRef = builder.enumType('AuthenticationMethod', {
  values: {
    apiToken: { value: 'apiToken' as const },
    session: { value: 'session' as const, description: 'A session of the web application.' },
    passkeyAssertion: {
      value: 'passkeyAssertion' as const,
      description: 'A passkey signed what the user decided.',
    },
    identityToken: {
      value: 'identityToken' as const,
      description: "An OpenID Connect token of a build's job, which stands for a CI user.",
    },
    unknown: { value: 'unknown' as const, description: 'In a way that only a later release knows.' },
  },
})

/** How a trusted build system proved who it is. */
export const VoucherMethodRef = builder.enumType('VoucherMethod', {
  values: {
    token: { value: 'token' as const, description: 'Its token came with the call.' },
    identityToken: { value: 'identityToken' as const, description: "An OpenID Connect token of a build's job." },
    link: {
      value: 'link' as const,
      description:
        'Nothing of it came with the call: it is asked about the build through its link with the project, and counts only where the origin is verified.',
    },
    unknown: { value: 'unknown' as const, description: 'In a way that only a later release knows.' },
  },
})

/** How a user signed in to the web application. */
export const SignInMethodRef = builder.enumType('SignInMethod', {
  values: {
    openIdConnect: { value: 'openIdConnect' as const },
    passkey: { value: 'passkey' as const },
    invitation: { value: 'invitation' as const, description: 'By the link of an invitation.' },
    oneTimeLink: { value: 'oneTimeLink' as const, description: 'By a link that the operator was given.' },
  },
})
