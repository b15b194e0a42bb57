import { configuration, inZip, type LanguageRule } from './rule.ts'

const raw = (attributes: string) => `<file path="a"><create-raw-signature ${attributes}/></file>`
const named = `output-file-name="\${file.name}.sig"`

/** Directives: where they stand, in which order, and with which attributes. */
export const directiveRules: readonly LanguageRule[] = [
  {
    rule: 'authenticode-sign has attributes',
    holds: configuration(
      '<pe-file><authenticode-verify/><authenticode-sign hash-algorithm="sha1" description="a" description-url="https://example.com"/><authenticode-sign hash-algorithm="sha256" append="true" cs:page-hashes="true"/></pe-file>',
    ),
    breaks: configuration('<pe-file><authenticode-sign hash-algorithm="md5"/></pe-file>'),
    error: '2:29 ARTIFACT_CONFIGURATION_VALUE hash-algorithm="md5" must be one of: sha1, sha256, sha384, sha512.',
  },
  {
    rule: 'append is true or false',
    holds: configuration('<pe-file><authenticode-sign append="1"/></pe-file>'),
    breaks: configuration('<pe-file><authenticode-sign append="yes"/></pe-file>'),
    error: '2:29 ARTIFACT_CONFIGURATION_VALUE append="yes" must be true or false.',
  },
  {
    rule: 'a directive stands in an element that can carry it out',
    holds: configuration(
      '<nupkg-file><nuget-verify/><nuget-sign cs:signature-type="repository" cs:service-index-url="https://example.com/v3/index.json" cs:package-owners="a b" cs:hash-algorithm="sha512" cs:append="true"/></nupkg-file>',
    ),
    breaks: configuration('<nupkg-file><authenticode-sign/></nupkg-file>'),
    error:
      '2:13 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED authenticode-sign cannot stand in nupkg-file; in it can: nuget-verify, nuget-sign, include-in-provenance. It can stand in: pe-file, powershell-file, windows-script-file, msi-file, cab-file, catalog-file, appx-file, msix-file.',
  },
  {
    rule: 'a directive holds no elements',
    holds: configuration('<opc-file><opc-sign/></opc-file>'),
    breaks: configuration('<opc-file><opc-sign><opc-sign/></opc-sign></opc-file>'),
    error: '2:21 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED opc-sign cannot stand in opc-sign, which holds no elements.',
  },
  {
    rule: 'a directive has its own attributes',
    holds: configuration('<rpm-file><rpm-sign/></rpm-file>'),
    breaks: configuration('<rpm-file><rpm-sign append="true"/></rpm-file>'),
    error: '2:21 ARTIFACT_CONFIGURATION_ATTRIBUTE_UNKNOWN rpm-sign has no attribute "append"; it has: none.',
  },
  {
    rule: 'verification stands before signing',
    holds: configuration(
      '<msi-file><authenticode-verify/><pe-file path="a"/><authenticode-sign/><pe-file path="b"/></msi-file>',
    ),
    breaks: configuration('<msi-file><authenticode-sign/><authenticode-verify/></msi-file>'),
    error:
      '2:31 DIRECTIVE_ORDER authenticode-verify stands behind authenticode-sign; what a file must be like before it is signed stands first.',
  },
  {
    rule: 'a second signature is appended',
    holds: configuration('<pe-file><authenticode-sign/><authenticode-sign append="true"/></pe-file>'),
    breaks: configuration('<pe-file><authenticode-sign/><authenticode-sign hash-algorithm="sha384"/></pe-file>'),
    error:
      '2:30 DIRECTIVE_REPEATED authenticode-sign stands in line 2 already, and a file takes one. Say append="true" to keep the first signature.',
    schemaIsSilent: true,
  },
  {
    rule: 'a second signature of an archive is appended by an option',
    holds: configuration(
      '<jar-file><jar-verify/><jar-sign manifest-hash-algorithm="sha256" hash-algorithm="sha512" cs:append="true"/></jar-file>',
    ),
    breaks: configuration('<jar-file><jar-sign/><jar-sign/></jar-file>'),
    error:
      '2:22 DIRECTIVE_REPEATED jar-sign stands in line 2 already, and a file takes one. Say append="true", of the namespace https://countersign.invalid/artifact-configuration/v1, to keep the first signature.',
    schemaIsSilent: true,
  },
  {
    rule: 'a verification stands once',
    holds: configuration('<xml-file><xml-verify/><xml-sign key-info-x509-data="exclude-root"/></xml-file>'),
    breaks: configuration('<xml-file><xml-verify/><xml-verify/></xml-file>'),
    error: '2:24 DIRECTIVE_REPEATED xml-verify stands in line 2 already, and a file takes one.',
    schemaIsSilent: true,
  },
  {
    rule: 'a zip-file can be signed as a JAR file',
    holds: configuration('<zip-file><jar-sign/></zip-file>'),
    breaks: configuration('<zip-file><jar-sign hash-algorithm="sha3"/></zip-file>'),
    error: '2:21 ARTIFACT_CONFIGURATION_VALUE hash-algorithm="sha3" must be one of: sha1, sha256, sha384, sha512.',
  },
  {
    rule: 'xml-sign says what certificates are put in',
    holds: configuration('<xml-file><xml-sign key-info-x509-data="none"/></xml-file>'),
    breaks: configuration('<xml-file><xml-sign key-info-x509-data="chain"/></xml-file>'),
    error:
      '2:21 ARTIFACT_CONFIGURATION_VALUE key-info-x509-data="chain" must be one of: none, leaf, whole-chain, exclude-root.',
  },
  {
    rule: 'jsf-sign has a padding',
    holds: configuration('<json-file><jsf-sign hash-algorithm="sha512" rsa-padding="pss"/></json-file>'),
    breaks: configuration('<json-file><jsf-sign rsa-padding="oaep"/></json-file>'),
    error: '2:22 ARTIFACT_CONFIGURATION_VALUE rsa-padding="oaep" must be one of: pkcs1, pss.',
  },
  {
    rule: 'apk-sign has levels',
    holds: configuration('<apk-file><apk-sign min-sdk-version="21" max-sdk-version="34"/></apk-file>'),
    breaks: configuration('<apk-file><apk-sign min-sdk-version="five"/></apk-file>'),
    error: '2:21 ARTIFACT_CONFIGURATION_VALUE min-sdk-version="five" must be a whole number from 0 to 999999999.',
  },
  {
    rule: 'debsigs-sign has a type',
    holds: configuration(
      '<deb-file><debsigs-sign signature-type="origin"/><debsigs-sign signature-type="maint"/></deb-file>',
    ),
    breaks: configuration('<deb-file><debsigs-sign/></deb-file>'),
    error: '2:11 ARTIFACT_CONFIGURATION_ATTRIBUTE_MISSING debsigs-sign needs the attribute signature-type.',
  },
  {
    rule: 'one signature of each type of debsigs',
    holds: configuration('<deb-file><debsigs-sign signature-type="archive"/></deb-file>'),
    breaks: configuration(
      '<deb-file><debsigs-sign signature-type="origin"/><debsigs-sign signature-type="origin"/></deb-file>',
    ),
    error: '2:50 DIRECTIVE_REPEATED debsigs-sign stands in line 2 already, and a file takes one.',
    schemaIsSilent: true,
  },
  {
    rule: 'images are signed by a tag',
    holds: configuration(
      '<oci-image-layout-archive-file><notation-sign tag="1.0"/><cosign-sign tag="1.0"/></oci-image-layout-archive-file>',
    ),
    breaks: configuration('<oci-image-layout-archive-file><cosign-sign/></oci-image-layout-archive-file>'),
    error: '2:32 ARTIFACT_CONFIGURATION_ATTRIBUTE_MISSING cosign-sign needs the attribute tag.',
  },
  {
    rule: 'macros are signed in both formats of Office',
    holds: inZip(
      '<office-oxml-file path="a"><office-macro-sign/></office-oxml-file><office-binary-file path="b"><office-macro-sign/></office-binary-file>',
    ),
    breaks: inZip('<opc-file path="a"><office-macro-sign/></opc-file>'),
    error:
      '3:20 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED office-macro-sign cannot stand in opc-file; in it can: opc-sign, include-in-provenance. It can stand in: office-oxml-file, office-binary-file.',
  },
  {
    rule: 'clickonce-sign stands in a directory',
    holds: inZip('<directory path="."><clickonce-sign/></directory>'),
    breaks: configuration('<zip-file><clickonce-sign/></zip-file>'),
    error:
      '2:11 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED clickonce-sign cannot stand in zip-file; in it can: jar-verify, jar-sign, include-in-provenance, create-provenance-file. It can stand in: directory.',
  },
  {
    rule: 'a signature beside a file needs a zip-file around it',
    holds: inZip(`<directory path="b">${raw(`${named} hash-algorithm="sha256"`)}</directory>`),
    breaks: configuration(`<jar-file>\n${raw(`${named} hash-algorithm="sha256"`)}\n</jar-file>`),
    error:
      '3:16 DIRECTIVE_NEEDS_ZIP create-raw-signature makes or needs another file beside the one it stands for, so the file must be in a zip-file; it is in a jar-file.',
  },
  {
    rule: 'the artifact itself gets no signature beside it',
    holds: inZip(raw(`${named} hash-algorithm="sha256"`)),
    breaks: configuration('<file><smime-sign output-file-name="a.eml"/></file>'),
    error:
      '2:7 DIRECTIVE_NEEDS_ZIP smime-sign makes or needs another file beside the one it stands for, so the file must be in a zip-file; it is the artifact itself.',
  },
  {
    rule: 'a file that is made has a name',
    holds: inZip(raw(`${named} hash-algorithm="sha256"`)),
    breaks: inZip(raw('hash-algorithm="sha256"')),
    error: '3:16 ARTIFACT_CONFIGURATION_ATTRIBUTE_MISSING create-raw-signature needs the attribute output-file-name.',
  },
  {
    rule: 'a file that is made goes beside the other',
    holds: inZip(raw('output-file-name="a.sig" hash-algorithm="sha256"')),
    breaks: inZip(raw('output-file-name="signatures/a.sig" hash-algorithm="sha256"')),
    error: `3:38 ARTIFACT_CONFIGURATION_VALUE output-file-name="signatures/a.sig" must be a file name of 1 to 255 characters without folders, such as \${file.name}.sig.`,
  },
  {
    rule: 'two files that are made have two names',
    holds: inZip(
      '<file path="a"><create-raw-signature output-file-name="a.1" hash-algorithm="sha256"/><create-raw-signature output-file-name="a.2" hash-algorithm="sha512"/></file>',
    ),
    breaks: inZip(
      '<file path="a"><create-raw-signature output-file-name="a.1" hash-algorithm="sha256"/><create-gpg-signature output-file-name="A.1"/></file>',
    ),
    error: '3:86 DIRECTIVE_REPEATED Two directives make the file A.1. Give each its own output-file-name.',
    schemaIsSilent: true,
  },
  {
    rule: 'create-raw-signature names its hash',
    holds: inZip(raw(`${named} hash-algorithm="sha384" rsa-padding="pkcs1"`)),
    breaks: inZip(raw(named)),
    error:
      '3:16 ARTIFACT_CONFIGURATION_ATTRIBUTE_MISSING create-raw-signature needs the attribute hash-algorithm (sha1, sha256, sha384, sha512).',
  },
  {
    rule: 'create-cms-signature has an encoding',
    holds: inZip(
      '<file path="a"><create-cms-signature output-file-name="b" output-encoding="der" hash-algorithm="sha256" rsa-padding="pss"/></file>',
    ),
    breaks: inZip('<file path="a"><create-cms-signature output-file-name="b"/></file>'),
    error:
      '3:16 ARTIFACT_CONFIGURATION_ATTRIBUTE_MISSING create-cms-signature needs the attribute output-encoding (pem, der).',
  },
  {
    rule: 'create-gpg-signature makes signatures of version 4',
    holds: inZip(
      '<file path="a"><create-gpg-signature output-file-name="b" output-encoding="binary" hash-algorithm="sha512" version="4"/></file>',
    ),
    breaks: inZip('<file path="a"><create-gpg-signature output-file-name="b" version="3"/></file>'),
    error: '3:59 ARTIFACT_CONFIGURATION_VALUE version="3" must be 4.',
  },
  {
    rule: 'dsse-sign has a payload type',
    holds: inZip(
      '<file path="a"><dsse-sign output-file-name="b" payload-type="application/json" hash-algorithm="sha256" rsa-padding="pss"/></file>',
    ),
    breaks: inZip('<file path="a"><dsse-sign output-file-name="b"/></file>'),
    error: '3:16 ARTIFACT_CONFIGURATION_ATTRIBUTE_MISSING dsse-sign needs the attribute payload-type.',
  },
  {
    rule: 'smime-sign normalizes line ends, or nothing',
    holds: inZip(
      '<file path="a"><smime-sign output-file-name="b" normalization="none" hash-algorithm="sha256" rsa-padding="pkcs1"/></file>',
    ),
    breaks: inZip('<file path="a"><smime-sign output-file-name="b" normalization="text"/></file>'),
    error: '3:49 ARTIFACT_CONFIGURATION_VALUE normalization="text" must be one of: line-endings, none.',
  },
  {
    rule: 'gpg-verify names a key by its fingerprint',
    holds: inZip(`<file path="a"><gpg-verify key-file-name="KEYS" key-fingerprint="${'0f'.repeat(20)}"/></file>`),
    breaks: inZip('<file path="a"><gpg-verify key-file-name="KEYS" key-fingerprint="0f0f0f0f"/></file>'),
    error:
      '3:49 ARTIFACT_CONFIGURATION_VALUE key-fingerprint="0f0f0f0f" must be the fingerprint of an OpenPGP key: 40 or 64 hexadecimal digits.',
  },
  {
    rule: 'provenance is of files, and not of folders',
    holds: inZip('<pe-file path="a"><authenticode-sign/><include-in-provenance/></pe-file>'),
    breaks: inZip('<directory path="a"><include-in-provenance/></directory>'),
    error:
      '3:21 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED include-in-provenance cannot stand in directory; in it can: clickonce-sign. It can stand in: pe-file, powershell-file, windows-script-file, msi-file, cab-file, catalog-file, appx-file, msix-file, opc-file, nupkg-file, jar-file, apk-file, rpm-file, deb-file, zip-file, office-oxml-file, office-binary-file, xml-file, json-file, oci-image-layout-archive-file, file.',
  },
  {
    rule: 'the provenance file is in the artifact',
    holds: configuration(
      '<zip-file><create-provenance-file output-file-name="a"><create-attestation-signature type="dsse" output-file-name="b"/><create-verification-summary-file output-file-name="c"><create-attestation-signature type="cms" output-file-name="d"/></create-verification-summary-file></create-provenance-file></zip-file>',
    ),
    breaks: inZip('<zip-file path="a"><create-provenance-file output-file-name="a"/></zip-file>'),
    error:
      '3:20 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED create-provenance-file cannot stand in zip-file that is in a container: only in the zip-file that is the artifact itself.',
  },
  {
    rule: 'attestations are signed as CMS or DSSE',
    holds: configuration(
      '<zip-file><create-provenance-file output-file-name="a"><create-attestation-signature type="cms" output-file-name="b"/></create-provenance-file></zip-file>',
    ),
    breaks: configuration(
      '<zip-file><create-provenance-file output-file-name="a"><create-attestation-signature type="pgp" output-file-name="b"/></create-provenance-file></zip-file>',
    ),
    error: '2:86 ARTIFACT_CONFIGURATION_VALUE type="pgp" must be one of: cms, dsse.',
  },
  {
    rule: 'signatures of attestations stand in what they sign',
    holds: configuration('<zip-file><create-provenance-file output-file-name="a"/></zip-file>'),
    breaks: configuration('<zip-file><create-attestation-signature type="cms" output-file-name="b"/></zip-file>'),
    error:
      '2:11 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED create-attestation-signature cannot stand in zip-file, but in: create-provenance-file, create-verification-summary-file.',
  },
  {
    rule: 'a provenance file holds its own directives',
    holds: configuration('<zip-file><create-provenance-file output-file-name="a"/></zip-file>'),
    breaks: configuration(
      '<zip-file><create-provenance-file output-file-name="a"><jar-sign/></create-provenance-file></zip-file>',
    ),
    error:
      '2:56 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED jar-sign cannot stand in create-provenance-file; in it can: create-attestation-signature, create-verification-summary-file.',
  },
  {
    rule: 'a provenance file has one signature',
    holds: configuration('<zip-file><create-provenance-file output-file-name="a"/></zip-file>'),
    breaks: configuration(
      '<zip-file><create-provenance-file output-file-name="a"><create-attestation-signature type="cms" output-file-name="b"/><create-attestation-signature type="dsse" output-file-name="c"/></create-provenance-file></zip-file>',
    ),
    error: '2:119 DIRECTIVE_REPEATED create-provenance-file can hold one create-attestation-signature only.',
  },
]
