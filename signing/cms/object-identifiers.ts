/** Object identifiers of the signature formats, as dotted text; each names the document that assigns it. */
export const objectIdentifiers = {
  /** RFC 5652 §4. */
  data: '1.2.840.113549.1.7.1',
  /** RFC 5652 §5.1. */
  signedData: '1.2.840.113549.1.7.2',
  /** RFC 5652 §11.1. */
  contentType: '1.2.840.113549.1.9.3',
  /** RFC 5652 §11.2. */
  messageDigest: '1.2.840.113549.1.9.4',
  /** RFC 5652 §11.3. */
  signingTime: '1.2.840.113549.1.9.5',
  /** RFC 2634 §5.4. */
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  /** RFC 5035 §3. */
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  /** RFC 3161 §2.4.2. */
  timestampInfo: '1.2.840.113549.1.9.16.1.4',

  /** RFC 3161 appendix A. */
  timestampToken: '1.2.840.113549.1.9.16.2.14',
  /** RFC 5126 §5.11.1. */
  commitmentType: '1.2.840.113549.1.9.16.2.16',
  proofOfOrigin: '1.2.840.113549.1.9.16.6.1',
  proofOfReceipt: '1.2.840.113549.1.9.16.6.2',

  /** RFC 5652 §11.4. */
  countersignature: '1.2.840.113549.1.9.6',

  /** RFC 1321, assigned in RFC 8017 appendix B.1; in old signatures of others only. */
  md5: '1.2.840.113549.2.5',
  /** FIPS 180-4, assigned in RFC 8017 appendix B.1. */
  sha1: '1.3.14.3.2.26',
  sha224: '2.16.840.1.101.3.4.2.4',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
  /** RFC 8017 appendix A.1 and A.2. */
  rsaEncryption: '1.2.840.113549.1.1.1',
  rsaPss: '1.2.840.113549.1.1.10',
  maskGeneration1: '1.2.840.113549.1.1.8',
  md5WithRsa: '1.2.840.113549.1.1.4',
  sha1WithRsa: '1.2.840.113549.1.1.5',
  /** The same as OIW assigned it, in old signatures of others only. */
  oldSha1WithRsa: '1.3.14.3.2.29',
  sha256WithRsa: '1.2.840.113549.1.1.11',
  sha384WithRsa: '1.2.840.113549.1.1.12',
  sha512WithRsa: '1.2.840.113549.1.1.13',
  /** RFC 5480 §2.1.1 and RFC 5758 §3.2. */
  ecPublicKey: '1.2.840.10045.2.1',
  ecdsaWithSha1: '1.2.840.10045.4.1',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  ecdsaWithSha512: '1.2.840.10045.4.3.4',

  /** RFC 8410 §3; in certificates of issuers only. */
  ed25519: '1.3.101.112',
  ed448: '1.3.101.113',

  /** RFC 3279 §2.3.2 and §2.2.2; in old signatures of others only. */
  dsa: '1.2.840.10040.4.1',
  dsaWithSha1: '1.2.840.10040.4.3',

  /** RFC 5280 §4.2.1. */
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  certificatePolicies: '2.5.29.32',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  anyExtendedKeyUsage: '2.5.29.37.0',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  timeStamping: '1.3.6.1.5.5.7.3.8',

  /** Windows Authenticode Portable Executable Signature Format. */
  spcIndirectData: '1.3.6.1.4.1.311.2.1.4',
  spcStatementType: '1.3.6.1.4.1.311.2.1.11',
  spcOpusInfo: '1.3.6.1.4.1.311.2.1.12',
  spcPeImageData: '1.3.6.1.4.1.311.2.1.15',
  /** Digests of the pages of a PE image by SHA-256, as SignTool writes them. */
  spcPageHashesSha256: '1.3.6.1.4.1.311.2.3.2',
  spcIndividualCodeSigning: '1.3.6.1.4.1.311.2.1.21',
  /** SpcSipInfo, the subject of files that a Subject Interface Package of Windows digests, and a catalog's list; as SignTool writes them. */
  spcSipInfo: '1.3.6.1.4.1.311.2.1.30',
  certificateTrustList: '1.3.6.1.4.1.311.10.1',
  /** Nested signature and RFC 3161 counter-signature, as written by Microsoft's SignTool. */
  spcNestedSignature: '1.3.6.1.4.1.311.2.4.1',
  spcRfc3161Timestamp: '1.3.6.1.4.1.311.3.3.1',
  /** "NuGet Package Signatures Technical Specification": where a repository's index is, and who owns the package there. */
  nugetServiceIndexUrl: '1.3.6.1.4.1.311.84.2.1.1.1',
  nugetPackageOwners: '1.3.6.1.4.1.311.84.2.1.1.2',
  /** The extended key usage by which a signature ends with its certificate, time-stamped or not. */
  lifetimeSigning: '1.3.6.1.4.1.311.10.3.13',
} as const
