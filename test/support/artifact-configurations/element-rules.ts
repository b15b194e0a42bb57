import { configuration, inZip, type LanguageRule } from './rule.ts'

const thumbprint = 'a1'.repeat(32)

/** Elements, sets, paths, numbers of matches, restrictions, options. */
export const elementRules: readonly LanguageRule[] = [
  {
    rule: 'elements are those of the language',
    holds: inZip('<pe-file path="a"/>'),
    breaks: inZip('<pe-fiel path="a"/>'),
    error: '3:1 ARTIFACT_CONFIGURATION_ELEMENT_UNKNOWN There is no element pe-fiel. Is pe-file meant?',
  },
  {
    rule: 'only containers hold files',
    holds: inZip('<msi-file path="a"><pe-file path="b"/></msi-file>'),
    breaks: inZip('<catalog-file path="a"><pe-file path="b"/></catalog-file>'),
    error: '3:24 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED pe-file cannot stand in catalog-file, which is no container.',
  },
  {
    rule: 'attributes are those of the element',
    holds: inZip('<pe-file path="a" product-name="b"/>'),
    breaks: inZip('<pe-file path="a" productName="b"/>'),
    error:
      '3:19 ARTIFACT_CONFIGURATION_ATTRIBUTE_UNKNOWN pe-file has no attribute "productName"; it has: path, min-matches, max-matches, product-name, product-version, file-version, company-name, copyright, original-filename, keep-issued-by. Is product-name meant?',
  },
  {
    rule: 'attributes of the language have no namespace',
    holds: inZip('<pe-file path="a"/>'),
    breaks: inZip('<pe-file path="a" cs:product-name="b"/>'),
    error:
      '3:19 ARTIFACT_CONFIGURATION_ATTRIBUTE_UNKNOWN The attribute product-name of pe-file has no prefix: it is in no namespace.',
    schemaIsSilent: true,
  },
  {
    rule: 'in a container every element has a path',
    holds: inZip('<directory path="a"><pe-file path="b"/></directory>'),
    breaks: inZip('<pe-file/>'),
    error: '3:1 ARTIFACT_CONFIGURATION_ATTRIBUTE_MISSING pe-file needs the attribute path.',
  },
  {
    rule: 'the artifact may have a path, which has no folders',
    holds: configuration('<msi-file path="MyProduct.v*.msi"/>'),
    breaks: configuration('<msi-file path="setup/MyProduct.v*.msi"/>'),
    error:
      '2:11 ARTIFACT_CONFIGURATION_VALUE path="setup/MyProduct.v*.msi" must be a file name without folders: it is the artifact itself.',
  },
  {
    rule: 'the artifact is there once',
    holds: inZip('<msi-file path="a" min-matches="0"/>'),
    breaks: configuration('<msi-file path="a" min-matches="0"/>'),
    error:
      '2:20 ARTIFACT_CONFIGURATION_ATTRIBUTE_UNKNOWN msi-file has no attribute "min-matches"; it has: path, subject, author, keep-issued-by, refuse-unsigned.',
  },
  {
    rule: 'a path is not empty',
    holds: inZip('<pe-file path=" a "/>'),
    breaks: inZip('<pe-file path=" "/>'),
    error: '3:10 ARTIFACT_CONFIGURATION_VALUE path="" must not be empty.',
  },
  {
    rule: 'a path has at most 1,000 characters',
    holds: inZip(`<pe-file path="${'a'.repeat(1000)}"/>`),
    breaks: inZip(`<pe-file path="${'a'.repeat(1001)}"/>`),
    error:
      '3:10 ARTIFACT_CONFIGURATION_VALUE path="aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…" has more than 1000 characters.',
  },
  {
    rule: 'a path begins in its container',
    holds: inZip('<pe-file path="a\\b/c"/>'),
    breaks: inZip('<pe-file path="\\a"/>'),
    error:
      '3:10 ARTIFACT_CONFIGURATION_VALUE path="\\\\a" begins with a separator: paths begin in the container, without one.',
  },
  {
    rule: 'a path has names between its separators',
    holds: inZip('<pe-file path="./a/b"/>'),
    breaks: inZip('<pe-file path="a//b"/>'),
    error: '3:10 ARTIFACT_CONFIGURATION_VALUE path="a//b" has two separators without a name between them.',
  },
  {
    rule: 'a path does not lead out',
    holds: inZip('<pe-file path="a/..b"/>'),
    breaks: inZip('<pe-file path="a/../b"/>'),
    error: '3:10 ARTIFACT_CONFIGURATION_VALUE path="a/../b" leads out of its container: .. is no name.',
    schemaIsSilent: true,
  },
  {
    rule: '** stands for whole segments',
    holds: inZip('<pe-file path="**/a*b*/*.dll"/>'),
    breaks: inZip('<pe-file path="a**/b"/>'),
    error:
      '3:10 ARTIFACT_CONFIGURATION_VALUE path="a**/b" has ** beside other characters: ** stands for whole segments, such as **/*.dll.',
  },
  {
    rule: 'a class of characters is closed',
    holds: inZip('<pe-file path="[abc][a-z][!0-9][]][[]a]"/>'),
    breaks: inZip('<pe-file path="a[bc.exe"/>'),
    error: '3:10 ARTIFACT_CONFIGURATION_VALUE path="a[bc.exe" has a [ that no ] closes; a [ itself is written [[].',
  },
  {
    rule: 'a class of characters is not empty',
    holds: inZip('<pe-file path="a[!]]"/>'),
    breaks: inZip('<pe-file path="a[]"/>'),
    error: '3:10 ARTIFACT_CONFIGURATION_VALUE path="a[]" has a [ that no ] closes; a [ itself is written [[].',
  },
  {
    rule: 'a range of characters runs forwards',
    holds: inZip('<pe-file path="[a-z-]"/>'),
    breaks: inZip('<pe-file path="[z-a]"/>'),
    error: '3:10 ARTIFACT_CONFIGURATION_VALUE path="[z-a]" has the range z-a, which runs backwards.',
    schemaIsSilent: true,
  },
  {
    rule: '. is the container itself',
    holds: inZip('<directory path="."/>'),
    breaks: inZip('<pe-file path="."/>'),
    error: '3:10 ARTIFACT_CONFIGURATION_VALUE path="." is a folder and no file.',
    schemaIsSilent: true,
  },
  {
    rule: 'a folder may end with a separator',
    holds: inZip('<directory path="a\\"/>'),
    breaks: inZip('<pe-file path="a/"/>'),
    error: '3:10 ARTIFACT_CONFIGURATION_VALUE path="a/" ends with a separator, as folders do and files do not.',
    schemaIsSilent: true,
  },
  {
    rule: 'a path is written once in its container',
    holds: inZip('<pe-file path="a/b"/><directory path="a"/><directory path="a"/>'),
    breaks: inZip('<pe-file path="a/b"/><xml-file path="A\\B"/>'),
    error:
      '3:22 ARTIFACT_CONFIGURATION_PATH_REPEATED The path A\\B is written in line 3 already; one file can be meant by one element only.',
    schemaIsSilent: true,
  },
  {
    rule: 'a path does not depend on the name of the file',
    holds: inZip(`<pe-file path="a" original-filename="\${file.name}"/>`),
    breaks: inZip(`<pe-file path="\${file.name}"/>`),
    error: `3:10 PARAMETER_NOT_DECLARED path="\${file.name}" cannot depend on the name of the file.`,
    schemaIsSilent: true,
  },
  {
    rule: 'min-matches is a number',
    holds: inZip('<pe-file path="a" min-matches="0"/>'),
    breaks: inZip('<pe-file path="a" min-matches="-1"/>'),
    error: '3:19 ARTIFACT_CONFIGURATION_VALUE min-matches="-1" must be a whole number from 0 to 999999999.',
  },
  {
    rule: 'max-matches is a number from 1, or unbounded',
    holds: inZip('<pe-file path="*" min-matches=" 0 " max-matches=" unbounded "/>'),
    breaks: inZip('<pe-file path="*" min-matches="0" max-matches="0"/>'),
    error:
      '3:35 ARTIFACT_CONFIGURATION_VALUE max-matches="0" must be a whole number from 1 to 999999999, or unbounded.',
  },
  {
    rule: 'min-matches is not more than max-matches',
    holds: inZip('<pe-file path="*" min-matches="2" max-matches="2"/>'),
    breaks: inZip('<pe-file path="*" min-matches="2"/>'),
    error:
      '3:19 ARTIFACT_CONFIGURATION_VALUE min-matches is 2 and max-matches 1: nothing can be both. max-matches is 1 where it is not written.',
    schemaIsSilent: true,
  },
  {
    rule: 'what is meant by max-occurrences is max-matches',
    holds: inZip('<pe-file path="*" max-matches="2"/>'),
    breaks: inZip('<pe-file path="*" max-occurences="unbounded"/>'),
    error:
      '3:19 ARTIFACT_CONFIGURATION_ATTRIBUTE_UNKNOWN pe-file has no attribute "max-occurences"; it has: path, min-matches, max-matches, product-name, product-version, file-version, company-name, copyright, original-filename, keep-issued-by. Is max-matches meant?',
  },
  {
    rule: 'a set has includes',
    holds: inZip(
      '<pe-file-set><include path="a"/><include path="b" max-matches="3"/><for-each><authenticode-sign/></for-each></pe-file-set>',
    ),
    breaks: inZip('<pe-file-set><for-each/></pe-file-set>'),
    error:
      '3:1 ARTIFACT_CONFIGURATION_ELEMENT_MISSING pe-file-set needs include: includes say which files are meant, for-each what is done with each.',
  },
  {
    rule: 'a set has a for-each',
    holds: inZip('<directory-set><include path="a"/><for-each/></directory-set>'),
    breaks: inZip('<directory-set><include path="a"/></directory-set>'),
    error:
      '3:1 ARTIFACT_CONFIGURATION_ELEMENT_MISSING directory-set needs for-each: includes say which files are meant, for-each what is done with each.',
  },
  {
    rule: 'a set has one for-each',
    holds: inZip('<zip-file-set><include path="a"/><for-each/></zip-file-set>'),
    breaks: inZip('<zip-file-set><include path="a"/><for-each/><for-each/></zip-file-set>'),
    error: '3:45 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED zip-file-set has one for-each only.',
  },
  {
    rule: 'includes stand before for-each',
    holds: inZip('<xml-file-set><include path="a"/><for-each/></xml-file-set>'),
    breaks: inZip('<xml-file-set><include path="a"/><for-each/><include path="b"/></xml-file-set>'),
    error: '3:45 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED The includes of a set stand before its for-each.',
  },
  {
    rule: 'directives of a set stand in its for-each',
    holds: inZip('<pe-file-set><include path="a"/><for-each><authenticode-sign/></for-each></pe-file-set>'),
    breaks: inZip('<pe-file-set><include path="a"/><authenticode-sign/><for-each/></pe-file-set>'),
    error:
      '3:33 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED authenticode-sign cannot stand in pe-file-set itself: put it into its for-each.',
  },
  {
    rule: 'a set has no path itself',
    holds: inZip('<pe-file-set min-matches="0"><include path="a"/><for-each/></pe-file-set>'),
    breaks: inZip('<pe-file-set path="b"><include path="a"/><for-each/></pe-file-set>'),
    error:
      '3:14 ARTIFACT_CONFIGURATION_ATTRIBUTE_UNKNOWN pe-file-set has no attribute "path"; it has: min-matches, max-matches, product-name, product-version, file-version, company-name, copyright, original-filename, keep-issued-by.',
  },
  {
    rule: 'an include has a path',
    holds: inZip('<pe-file-set product-name="x"><include path="a" product-name="y"/><for-each/></pe-file-set>'),
    breaks: inZip('<pe-file-set><include product-name="y"/><for-each/></pe-file-set>'),
    error: '3:14 ARTIFACT_CONFIGURATION_ATTRIBUTE_MISSING include needs the attribute path.',
  },
  {
    rule: 'an include holds nothing',
    holds: inZip('<pe-file-set><include path="a"><!-- a --></include><for-each/></pe-file-set>'),
    breaks: inZip('<pe-file-set><include path="a"><authenticode-sign/></include><for-each/></pe-file-set>'),
    error:
      '3:32 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED authenticode-sign cannot stand in include, which holds no elements.',
  },
  {
    rule: 'a for-each has no attributes',
    holds: inZip('<pe-file-set><include path="a"/><for-each></for-each></pe-file-set>'),
    breaks: inZip('<pe-file-set><include path="a"/><for-each path="b"/></pe-file-set>'),
    error: '3:43 ARTIFACT_CONFIGURATION_ATTRIBUTE_UNKNOWN for-each has no attribute "path"; it has: none.',
  },
  {
    rule: 'include and for-each stand in sets',
    holds: inZip('<pe-file-set><include path="a"/><for-each/></pe-file-set>'),
    breaks: inZip('<include path="a"/>'),
    error:
      '3:1 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED include cannot stand here, but only in sets such as pe-file-set.',
  },
  {
    rule: 'programs are restricted by their version resources',
    holds: configuration(
      '<pe-file product-name="a" product-version="b" file-version="c" company-name="d" copyright="e" original-filename="f"/>',
    ),
    breaks: configuration('<pe-file subject="a"/>'),
    error:
      '2:10 ARTIFACT_CONFIGURATION_ATTRIBUTE_UNKNOWN pe-file has no attribute "subject"; it has: path, product-name, product-version, file-version, company-name, copyright, original-filename, keep-issued-by.',
  },
  {
    rule: 'installers are restricted by their summaries',
    holds: configuration('<msi-file subject="a" author="b"/>'),
    breaks: configuration('<msi-file product-name="a"/>'),
    error:
      '2:11 ARTIFACT_CONFIGURATION_ATTRIBUTE_UNKNOWN msi-file has no attribute "product-name"; it has: path, subject, author, keep-issued-by, refuse-unsigned.',
  },
  {
    rule: 'XML documents are restricted by their root elements',
    holds: configuration(
      '<xml-file root-element-name="bom" root-element-namespace="http://cyclonedx.org/schema/bom/1.4"/>',
    ),
    breaks: configuration('<json-file root-element-name="bom"/>'),
    error:
      '2:12 ARTIFACT_CONFIGURATION_ATTRIBUTE_UNKNOWN json-file has no attribute "root-element-name"; it has: path, keep-issued-by.',
  },
  {
    rule: 'a restriction says something',
    holds: configuration('<pe-file product-name="a"/>'),
    breaks: configuration('<pe-file product-name=""/>'),
    error: '2:10 ARTIFACT_CONFIGURATION_VALUE product-name="" must not be empty.',
  },
  {
    rule: 'signatures that are kept are told by the certificates of their issuers',
    holds: inZip(`<pe-file path="a" cs:keep-issued-by="${thumbprint} ${thumbprint.toUpperCase()}"/>`),
    breaks: inZip('<pe-file path="a" cs:keep-issued-by="CN=Example"/>'),
    error:
      '3:19 ARTIFACT_CONFIGURATION_VALUE keep-issued-by="CN=Example" must be SHA-256 thumbprints of certificates, 64 hexadecimal digits each, with spaces between them.',
    schemaIsSilent: true,
  },
  {
    rule: 'options are in a namespace of their own',
    holds: inZip(`<jar-file path="a" cs:keep-issued-by="${thumbprint}"/>`),
    breaks: inZip(`<jar-file path="a" keep-issued-by="${thumbprint}"/>`),
    error:
      '3:20 ARTIFACT_CONFIGURATION_ATTRIBUTE_UNKNOWN The attribute keep-issued-by of jar-file is one of the namespace https://countersign.invalid/artifact-configuration/v1: give that a prefix, and write it before the name.',
  },
  {
    rule: 'kinds of files that must be signed are known',
    holds: configuration('<zip-file cs:refuse-unsigned="programs scripts"/>'),
    breaks: configuration('<zip-file cs:refuse-unsigned="programs installers"/>'),
    error:
      '2:11 ARTIFACT_CONFIGURATION_VALUE refuse-unsigned="programs installers" must be one or more of programs, scripts, each once, with spaces between them.',
    schemaIsSilent: true,
  },
  {
    rule: 'files that must be signed are in containers',
    holds: inZip('<directory path="a" cs:refuse-unsigned="scripts"/>'),
    breaks: inZip('<xml-file path="a" cs:refuse-unsigned="scripts"/>'),
    error:
      '3:20 ARTIFACT_CONFIGURATION_ATTRIBUTE_UNKNOWN xml-file has no attribute "refuse-unsigned"; it has: path, min-matches, max-matches, root-element-name, root-element-namespace, keep-issued-by.',
    schemaIsSilent: true,
  },
  {
    rule: 'several files are chosen for a zip-file that is the artifact',
    holds: configuration('<zip-file ui-multifile-upload="on"/>'),
    breaks: inZip('<zip-file path="a" ui-multifile-upload="on"/>'),
    error:
      '3:20 ARTIFACT_CONFIGURATION_ATTRIBUTE_UNKNOWN zip-file has no attribute "ui-multifile-upload"; it has: path, min-matches, max-matches, keep-issued-by, refuse-unsigned.',
  },
  {
    rule: 'several files are chosen for no other artifact',
    holds: configuration('<zip-file ui-multifile-upload="off"/>'),
    breaks: configuration('<jar-file ui-multifile-upload="on"/>'),
    error:
      '2:11 ARTIFACT_CONFIGURATION_ATTRIBUTE_UNKNOWN jar-file has no attribute "ui-multifile-upload"; it has: path, keep-issued-by, refuse-unsigned.',
  },
]
