import { configuration, inZip, type LanguageRule } from './rule.ts'

const program = '<pe-file><authenticode-sign/></pe-file>'
const sound = configuration(program)

/** What a document must be before it has a meaning, and its outermost elements. */
export const documentRules: readonly LanguageRule[] = [
  {
    rule: 'a document is well-formed XML',
    holds: configuration('<pe-file><authenticode-sign></authenticode-sign></pe-file>'),
    breaks: configuration('<pe-file><authenticode-sign></pe-file>'),
    error: '2:38 ARTIFACT_CONFIGURATION_MALFORMED The document is not well-formed XML: unexpected close tag.',
  },
  {
    rule: 'an attribute is written once',
    holds: configuration('<pe-file path="a.exe"/>'),
    breaks: configuration('<pe-file path="a.exe" path="b.exe"/>'),
    error: '2:36 ARTIFACT_CONFIGURATION_MALFORMED The document is not well-formed XML: duplicate attribute: path.',
  },
  {
    rule: 'a document is XML 1.0',
    holds: `<?xml version="1.0" encoding="utf-8"?>\n${sound}`,
    breaks: `<?xml version="1.1" encoding="utf-8"?>\n${sound}`,
    error: '1:1 ARTIFACT_CONFIGURATION_MALFORMED The document is XML 1.1; it must be XML 1.0.',
    schemaIsSilent: true,
  },
  {
    rule: 'a document says that it is UTF-8, or nothing',
    holds: `<?xml version="1.0" encoding="UTF-8"?>\n${sound}`,
    breaks: `<?xml version="1.0" encoding="iso-8859-1"?>\n${sound}`,
    error:
      '1:1 ARTIFACT_CONFIGURATION_ENCODING The document says that it is "iso-8859-1"; it must be UTF-8, and say so.',
    schemaIsSilent: true,
  },
  {
    rule: 'a document has no document type definition',
    holds: `<?xml version="1.0"?>\n${sound}`,
    breaks: `<!DOCTYPE artifact-configuration [<!ENTITY a "a">]>\n${sound}`,
    error: '1:1 ARTIFACT_CONFIGURATION_DOCUMENT_TYPE A document type definition is not allowed. Remove it.',
    schemaIsSilent: true,
  },
  {
    rule: 'only the entities of XML itself exist',
    holds: configuration('<pe-file product-name="A &amp; B &#x26; C"/>'),
    breaks: configuration('<pe-file product-name="&constructor;"/>'),
    error: '2:36 ARTIFACT_CONFIGURATION_MALFORMED The document is not well-formed XML: undefined entity.',
  },
  {
    rule: 'a document has no processing instructions',
    holds: `<!-- <?a b?> -->\n${sound}`,
    breaks: `<?xml-stylesheet href="a.xsl"?>\n${sound}`,
    error:
      '1:1 ARTIFACT_CONFIGURATION_INSTRUCTION The processing instruction "xml-stylesheet" has no meaning here. Remove it.',
    schemaIsSilent: true,
  },
  {
    rule: 'a document has no characters that nobody sees',
    holds: configuration(`<!-- ❤️ -->${program}`),
    breaks: configuration(`<!-- \u202e -->${program}`),
    error:
      '2:6 ARTIFACT_CONFIGURATION_INVISIBLE The document has U+202E, which nobody sees and which can make it look like another one. Remove it.',
    schemaIsSilent: true,
  },
  {
    rule: 'values have no characters that nobody sees',
    holds: inZip('<pe-file path="setup&#x20;1.exe"/>'),
    breaks: inZip('<pe-file path="setup&#x200b;1.exe"/>'),
    error: '3:10 ARTIFACT_CONFIGURATION_VALUE path has U+200B at character 6, which nobody sees. Remove it.',
    schemaIsSilent: true,
  },
  {
    rule: 'there is no text between elements',
    holds: inZip('<!-- a program -->'),
    breaks: inZip('a program'),
    error: '3:1 ARTIFACT_CONFIGURATION_TEXT Text has no meaning here: "a program". Remove it.',
  },
  {
    rule: 'the document is an artifact-configuration',
    holds: sound,
    breaks: sound.replaceAll('artifact-configuration ', 'configuration ').replace('</artifact-', '</'),
    error:
      '1:1 ARTIFACT_CONFIGURATION_ELEMENT_UNKNOWN The document is "configuration"; it must be artifact-configuration.',
  },
  {
    rule: 'the document is in the namespace of the language',
    holds: sound
      .replace('<artifact-', '<a:artifact-')
      .replace('</artifact-', '</a:artifact-')
      .replace('xmlns:cs=', 'xmlns:a="http://signpath.io/artifact-configuration/v1" xmlns:cs='),
    breaks: sound.replace('configuration/v1" xmlns:cs', 'configuration/v2" xmlns:cs'),
    error:
      '1:1 ARTIFACT_CONFIGURATION_NAMESPACE artifact-configuration is in the namespace "http://signpath.io/artifact-configuration/v2". Write <artifact-configuration xmlns="http://signpath.io/artifact-configuration/v1">.',
  },
  {
    rule: 'every element is in the namespace of the language',
    holds: inZip('<pe-file path="a"/>'),
    breaks: inZip('<cs:pe-file path="a"/>'),
    error:
      '3:1 ARTIFACT_CONFIGURATION_NAMESPACE The element pe-file is in the namespace "https://countersign.invalid/artifact-configuration/v1"; it must be in http://signpath.io/artifact-configuration/v1.',
  },
  {
    rule: 'editors may be told where the schema is, and the document has no other attributes',
    holds: sound.replace(
      'xmlns:cs=',
      'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://signpath.io/artifact-configuration/v1 artifact-configuration.xsd" xmlns:cs=',
    ),
    breaks: sound.replace('xmlns:cs=', 'version="1" xmlns:cs='),
    error:
      '1:78 ARTIFACT_CONFIGURATION_ATTRIBUTE_UNKNOWN artifact-configuration has no attribute "version"; it has: none.',
  },
  {
    rule: 'an artifact is one file',
    holds: inZip('<pe-file path="a"/><pe-file path="b"/>'),
    breaks: configuration('<pe-file/><pe-file/>'),
    error:
      '2:11 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED pe-file cannot stand beside pe-file: an artifact is one file. To sign several, put them into a zip-file.',
  },
  {
    rule: 'there is an artifact',
    holds: configuration('<zip-file/>'),
    breaks: configuration(''),
    error:
      '1:1 ARTIFACT_CONFIGURATION_ELEMENT_MISSING artifact-configuration needs one element that stands for the artifact, such as zip-file or pe-file.',
  },
  {
    rule: 'the artifact is no folder',
    holds: inZip('<directory path="."/>'),
    breaks: configuration('<directory path="."/>'),
    error:
      '2:1 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED directory cannot be the artifact: that is one file. Put it into a container such as zip-file.',
  },
  {
    rule: 'the artifact is no set',
    holds: inZip('<pe-file-set><include path="a"/><for-each/></pe-file-set>'),
    breaks: configuration('<pe-file-set><include path="a"/><for-each/></pe-file-set>'),
    error:
      '2:1 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED pe-file-set cannot be the artifact: that is one file. Put it into a container such as zip-file.',
  },
  {
    rule: 'parameters stand before the artifact',
    holds: configuration(`<parameters><parameter name="a"/></parameters><pe-file path="\${a}.exe"/>`),
    breaks: configuration('<pe-file/><parameters/>'),
    error: '2:11 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED parameters stands once, before the element of the artifact.',
  },
  {
    rule: 'parameters holds parameters',
    holds: configuration('<parameters/><pe-file/>'),
    breaks: configuration('<parameters><include path="a"/></parameters><pe-file/>'),
    error:
      '2:13 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED include cannot stand in parameters, which holds parameter elements.',
  },
  {
    rule: 'a parameter has a name',
    holds: configuration('<parameters><parameter name="_v1.product-Version"/></parameters><pe-file/>'),
    breaks: configuration('<parameters><parameter default-value="1"/></parameters><pe-file/>'),
    error: '2:13 ARTIFACT_CONFIGURATION_ATTRIBUTE_MISSING parameter needs the attribute name.',
  },
  {
    rule: 'names of parameters are letters, digits, dots, underscores and hyphens',
    holds: configuration('<parameters><parameter name="v1"/></parameters><pe-file/>'),
    breaks: configuration('<parameters><parameter name="1v"/></parameters><pe-file/>'),
    error:
      '2:24 ARTIFACT_CONFIGURATION_VALUE name="1v" must be 1 to 100 letters of ASCII, digits, dots, underscores and hyphens, beginning with a letter or underscore, and not with "file.".',
  },
  {
    rule: 'names that begin with file. are not for parameters',
    holds: configuration('<parameters><parameter name="file"/></parameters><pe-file/>'),
    breaks: configuration('<parameters><parameter name="file.name"/></parameters><pe-file/>'),
    error:
      '2:24 ARTIFACT_CONFIGURATION_VALUE name="file.name" must be 1 to 100 letters of ASCII, digits, dots, underscores and hyphens, beginning with a letter or underscore, and not with "file.".',
    schemaIsSilent: true,
  },
  {
    rule: 'a parameter is declared once',
    holds: configuration('<parameters><parameter name="a"/><parameter name="b"/></parameters><pe-file/>'),
    breaks: configuration('<parameters><parameter name="a"/><parameter name="a"/></parameters><pe-file/>'),
    error: '2:34 PARAMETER_REPEATED The parameter a is there already, in line 2.',
  },
  {
    rule: 'case does not tell parameters apart',
    holds: configuration('<parameters><parameter name="a"/><parameter name="aA"/></parameters><pe-file/>'),
    breaks: configuration('<parameters><parameter name="a"/><parameter name="A"/></parameters><pe-file/>'),
    error: '2:34 PARAMETER_REPEATED The parameter A is there already, in line 2, as a: case does not tell them apart.',
    schemaIsSilent: true,
  },
  {
    rule: 'a default value may be empty, and refers to nothing',
    holds: configuration('<parameters><parameter name="a" default-value="" required="false"/></parameters><pe-file/>'),
    breaks: configuration(
      `<parameters><parameter name="a"/><parameter name="b" default-value="\${a}"/></parameters><pe-file/>`,
    ),
    error: `2:54 PARAMETER_NOT_DECLARED default-value="\${a}" refers to "a", which is no parameter of this configuration; there are: none.`,
    schemaIsSilent: true,
  },
  {
    rule: 'what a text refers to is declared',
    holds: configuration(
      `<parameters><parameter name="v"/></parameters><pe-file path="a-\${v}.exe" product-version="\${ v }"/>`,
    ),
    breaks: configuration(`<parameters><parameter name="version"/></parameters><pe-file path="a-\${verson}.exe"/>`),
    error: `2:62 PARAMETER_NOT_DECLARED path="a-\${verson}.exe" refers to "verson", which is no parameter of this configuration; there are: version. Is version meant?`,
    schemaIsSilent: true,
  },
  {
    rule: 'a reference is closed',
    holds: configuration('<pe-file product-name="$ {a} $a"/>'),
    breaks: configuration(`<pe-file product-name="\${a"/>`),
    error: `2:10 ARTIFACT_CONFIGURATION_VALUE product-name="\${a" has \${ without a } behind it.`,
    schemaIsSilent: true,
  },
  {
    rule: 'what must be a number, or one of some words, may be a parameter',
    holds: configuration(
      `<parameters><parameter name="a"/></parameters><zip-file><pe-file path="a" max-matches="\${a}"><authenticode-sign append="\${a}" hash-algorithm="\${a}"/></pe-file></zip-file>`,
    ),
    breaks: configuration(`<parameters><parameter name="a" required="\${a}"/></parameters><pe-file/>`),
    error: `2:33 PARAMETER_NOT_DECLARED required="\${a}" refers to "a", which is no parameter of this configuration; there are: none.`,
  },
]
