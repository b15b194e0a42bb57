import { directiveRules } from './directive-rules.ts'

/** What an element is and may hold. */
export type ElementRule = {
  /** The simple element's name; that of its set has `-set` behind it. */
  readonly name: string
  /** What it stands for, as people say it. */
  readonly title: string
  /** Usual endings of such files. */
  readonly extensions: readonly string[]
  /** Whether other elements may stand in it. */
  readonly isContainer: boolean
  /** Names of directives that sign it, or files beside it. */
  readonly signing: readonly string[]
  /** Names of directives that check it before it is signed. */
  readonly verification: readonly string[]
  /** Attributes by which it is said what files must say of themselves. */
  readonly restrictions: readonly string[]
}

const authenticode = { signing: ['authenticode-sign'], verification: ['authenticode-verify'] }
const file = { isContainer: false, verification: [], restrictions: [] }
const container = { ...file, isContainer: true }

const peRestrictions = [
  'product-name',
  'product-version',
  'file-version',
  'company-name',
  'copyright',
  'original-filename',
]

/** The elements that stand for files and folders, by name. */
export const elementRules: ReadonlyMap<string, ElementRule> = rulesOf([
  {
    ...file,
    ...authenticode,
    name: 'pe-file',
    title: 'Windows programs and libraries',
    extensions: ['exe', 'dll', 'sys', 'ocx', 'efi', 'scr', 'cpl', 'drv', 'mui', 'acm', 'ax', 'tsp'],
    restrictions: peRestrictions,
  },
  {
    ...file,
    ...authenticode,
    name: 'powershell-file',
    title: 'scripts and modules of PowerShell',
    extensions: ['ps1', 'psm1', 'psd1', 'cdxml', 'ps1xml'],
  },
  {
    ...file,
    ...authenticode,
    name: 'windows-script-file',
    title: 'scripts of the Windows Script Host',
    extensions: ['vbs', 'js', 'wsf'],
  },
  {
    ...container,
    ...authenticode,
    name: 'msi-file',
    title: 'Windows installers',
    extensions: ['msi', 'msm', 'msp'],
    restrictions: ['subject', 'author'],
  },
  { ...container, ...authenticode, name: 'cab-file', title: 'cabinets', extensions: ['cab'] },
  { ...file, ...authenticode, name: 'catalog-file', title: 'catalogs of Windows', extensions: ['cat'] },
  { ...container, ...authenticode, name: 'appx-file', title: 'APPX packages', extensions: ['appx', 'appxbundle'] },
  { ...container, ...authenticode, name: 'msix-file', title: 'MSIX packages', extensions: ['msix', 'msixbundle'] },
  {
    ...container,
    name: 'opc-file',
    title: 'packages of the Open Packaging Conventions',
    extensions: ['vsix', 'xps', 'hlkx'],
    signing: ['opc-sign'],
  },
  {
    ...container,
    name: 'nupkg-file',
    title: 'NuGet packages',
    extensions: ['nupkg'],
    signing: ['nuget-sign'],
    verification: ['nuget-verify'],
  },
  {
    ...container,
    name: 'jar-file',
    title: 'Java archives',
    extensions: ['jar', 'war', 'ear', 'aab'],
    signing: ['jar-sign'],
    verification: ['jar-verify'],
  },
  { ...container, name: 'apk-file', title: 'Android packages', extensions: ['apk'], signing: ['apk-sign'] },
  { ...container, name: 'rpm-file', title: 'RPM packages', extensions: ['rpm'], signing: ['rpm-sign'] },
  { ...container, name: 'deb-file', title: 'Debian packages', extensions: ['deb'], signing: ['debsigs-sign'] },
  {
    ...container,
    name: 'zip-file',
    title: 'ZIP archives',
    extensions: ['zip'],
    signing: ['jar-sign'],
    verification: ['jar-verify'],
  },
  {
    ...file,
    name: 'office-oxml-file',
    title: 'documents of Microsoft Office with macros',
    extensions: [
      'xlsm',
      'xltm',
      'xlam',
      'xlsb',
      'docm',
      'dotm',
      'pptm',
      'potm',
      'ppam',
      'ppsm',
      'vsdm',
      'vssm',
      'vstm',
    ],
    signing: ['office-macro-sign'],
  },
  {
    ...file,
    name: 'office-binary-file',
    title: 'documents of Microsoft Office in its older formats, with macros',
    extensions: [
      'xls',
      'xlt',
      'xla',
      'doc',
      'dot',
      'wiz',
      'ppt',
      'pot',
      'ppa',
      'pps',
      'mpp',
      'mpt',
      'pub',
      'vsd',
      'vst',
    ],
    signing: ['office-macro-sign'],
  },
  {
    ...file,
    name: 'xml-file',
    title: 'XML documents',
    extensions: ['xml'],
    signing: ['xml-sign'],
    verification: ['xml-verify'],
    restrictions: ['root-element-name', 'root-element-namespace'],
  },
  { ...file, name: 'json-file', title: 'JSON documents', extensions: ['json'], signing: ['jsf-sign'] },
  {
    ...file,
    name: 'oci-image-layout-archive-file',
    title: 'container images as archives of an OCI image layout',
    extensions: ['tar'],
    signing: ['notation-sign', 'cosign-sign'],
  },
  { ...container, name: 'directory', title: 'folders in containers', extensions: [], signing: ['clickonce-sign'] },
  {
    ...file,
    name: 'file',
    title: 'files of any kind',
    extensions: [],
    signing: ['dsse-sign', 'smime-sign', 'create-cms-signature', 'create-gpg-signature', 'create-raw-signature'],
    verification: ['gpg-verify'],
  },
])

/** The names of the directives that may stand in an element, in the order in which they are described. */
export function directivesOf(rule: ElementRule): readonly string[] {
  return [...rule.verification, ...rule.signing, ...provenanceOf(rule)]
}

function provenanceOf({ name }: ElementRule): readonly string[] {
  if (name === 'directory') return []
  return name === 'zip-file' ? ['include-in-provenance', 'create-provenance-file'] : ['include-in-provenance']
}

/** The element of a set's name, such as `pe-file` of `pe-file-set`; `undefined` when it is no set. */
export function elementOfSet(name: string): string | undefined {
  const element = name.endsWith('-set') ? name.slice(0, -'-set'.length) : undefined
  return element !== undefined && elementRules.has(element) ? element : undefined
}

function rulesOf(rules: readonly ElementRule[]): ReadonlyMap<string, ElementRule> {
  for (const each of rules)
    for (const directive of directivesOf(each))
      if (!directiveRules.has(directive)) throw new Error(`${each.name} names ${directive}, which is no directive`)
  return new Map(rules.map((each) => [each.name, each]))
}
