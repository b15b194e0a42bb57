import { describe, expect, test } from 'vitest'
import {
  administratorsDecider,
  apiTokenUseDecider,
  artifactConfigurationDecider,
  artifactConfigurationSlugDecider,
  buildActorUsersDecider,
  certificateDecider,
  changeProposalDecider,
  grantDecider,
  grantListDecider,
  groupDecider,
  keyDecider,
  mayWriteEvent,
  organizationDecider,
  processKeyDecider,
  processRoles,
  projectDecider,
  projectSlugDecider,
  securityEventTypes,
  signingPolicyDecider,
  signingPolicySlugDecider,
  signingRequestDecider,
  trustedBuildSystemDecider,
  trustedBuildSystemSlugDecider,
  unusualActivityEventTypes,
  userDecider,
  webHookDecider,
  webHookDeliveryDecider,
  writersOfEvents,
} from '../../domain/index.ts'

describe('who may write which events', () => {
  test('is said of every type that a stream may hold, and of no other', () => {
    const deciders = [
      administratorsDecider,
      apiTokenUseDecider,
      artifactConfigurationDecider,
      artifactConfigurationSlugDecider,
      certificateDecider,
      changeProposalDecider,
      keyDecider,
      grantDecider,
      buildActorUsersDecider,
      grantListDecider,
      groupDecider,
      organizationDecider,
      processKeyDecider,
      projectDecider,
      projectSlugDecider,
      signingPolicyDecider,
      signingPolicySlugDecider,
      signingRequestDecider,
      trustedBuildSystemDecider,
      trustedBuildSystemSlugDecider,
      userDecider,
      webHookDecider,
      webHookDeliveryDecider,
    ]
    const types = deciders.flatMap(({ eventTypes }) => eventTypes as readonly string[])
    const others = [...securityEventTypes, ...unusualActivityEventTypes]
    expect(Object.keys(writersOfEvents).sort()).toEqual([...types, ...others].sort())
  })

  test('is nobody for a type that the table does not name', () => {
    for (const type of ['SigningRequestBlessed', '', 'toString', '__proto__'])
      expect(mayWriteEvent(processRoles, type)).toBe(false)
  })

  test('keeps what decides apart: who answers clients signs nothing, who signs grants nothing', () => {
    expect(mayWriteEvent(['api'], 'ApprovalGranted')).toBe(false)
    expect(mayWriteEvent(['api', 'worker'], 'SigningStarted')).toBe(false)
    expect(mayWriteEvent(['signer'], 'ApprovalGranted')).toBe(false)
    expect(mayWriteEvent(['signer', 'worker'], 'SigningPolicyChanged')).toBe(false)
    expect(mayWriteEvent([], 'CommandRefused')).toBe(false)
    expect(mayWriteEvent(['worker'], 'ApprovalGranted')).toBe(true)
  })
})
