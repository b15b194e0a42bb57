/** Every field of a signing request, as a selection. */
export const everythingOfARequest = `
  id signingRequestId status workflowStatus isFinalStatus description submittedAt updatedAt finishedAt createdAt
  project { slug } signingPolicy { slug } signingPolicyVersion certificate { name } submitter { name }
  artifact { fileName sha256 size } programDescription programUrl timestamp
  plan {
    digest fileCount plannedAt approvalDeadline certificateThumbprint document
    plannerVersion nodeCount page(index: 0) noPage: page(index: 1)
    nodes(first: 2) { nodes { index parent descendantCount kind path outcome container element { name path line column } } }
    files(first: 2) { nodes { path kind outcome children(first: 1) { nodes { path } } format sha256 size existingSignatures {
      kind outcome place depth sha256 reason signer issuer serialNumber digestAlgorithm integrity uncovered
      timestamp { kind time authority integrity uncovered }
    } directives { directive attributes { name title value } contentDigests { content algorithm digest } } } }
  }
  approvalProcess { approvers { user { name } group { name } } requiredApprovals submitterMayApprove deadlineSeconds }
  approvals { approver { name } planDigest comment approvedAt counts } missingApprovals
  denial { kind } cancellation { reason } failure { code }
  attempts { attempt startedAt certificateThumbprint }
  manifest { digest fileCount document page(index: 0) files(first: 2) { nodes {
    node path unsignedSha256 signedSha256 signedSize signatures { directive timestamp { time authority uncovered } }
  } } }
  signedArtifact { fileName sha256 size }
  events(first: 100) { nodes { eventId type occurredAt actor { kind user { name } component } data revision position } }
  unsignedArtifactLink signedArtifactLink`
