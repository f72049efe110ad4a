import iconv from 'iconv-lite'

/** Encodings told apart by what the text would look like. Where several give the same text the first of them is named. */
const CANDIDATES = [
  'windows-1252', 'iso-8859-15', 'iso-8859-1', 'windows-1250', 'iso-8859-2', 'windows-1251', 'koi8-r', 'windows-1253', 'windows-1254', 'cp850', 'cp437', 'cp852', 'cp866', 'macroman',
  'shift_jis', 'euc-jp', 'gb18030', 'big5', 'euc-kr',
] as const

/** Letters and signs that are common where the encoding is used: what makes a reading likely, not merely possible. */
const COMMON: Record<string, string> = {
  west: 'äöüßÄÖÜéèêëàâîïôûùçÉÀÇñÑáíóúãõåÅøØæÆ€£§°–—‘’“”„…«»¿¡',
  central: 'ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňóřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽőűŐŰăâîșțşţäöüß€–„”',
  turkish: 'çğıöşüÇĞİÖŞÜ€–',
}
const REGION: Record<string, keyof typeof COMMON> = { 'windows-1250': 'central', 'iso-8859-2': 'central', cp852: 'central', 'windows-1254': 'turkish' }
const CYRILLIC = /[\u0410-\u044f\u0401\u0451]/, GREEK = /[\u0370-\u03ff]/, CJK = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff01-\uff9f\u3000-\u303f]/
const FREQUENT_KANJI = /[\u3040-\u30ff\uac00-\ud7af的一是不了人我在有他中大来上国個们到说時地要以会可也你対生能而子那得着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求據程北邊死張該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運笔号码株式会社東京]/

export interface Scored { encoding: string; text: string; score: number }

/** Every candidate under which all of the sample decodes, best first; those giving the same text are one, named after the first. `sample`: lines holding bytes above 0x7f. */
export function scoreEncodings(sample: Buffer): Scored[] {
  const byText = new Map<string, Scored>()
  for (const encoding of CANDIDATES) {
    const text = iconv.decode(sample, encoding, { stripBOM: false })
    if (text.includes('\ufffd') || byText.has(text)) continue
    byText.set(text, { encoding, text, score: scoreText(text, encoding) })
  }
  return [...byText.values()].sort((a, b) => b.score - a.score)
}

/** Mean likelihood of the non-ASCII characters in their surroundings, between -1 (impossible) and 1. */
function scoreText(text: string, encoding: string): number {
  const common = COMMON[REGION[encoding] ?? 'west'] as string
  const chars = [...text]
  let total = 0, seen = 0
  chars.forEach((char, i) => {
    if (char < '\u0080') return
    seen++
    total += scoreChar(char, chars[i - 1] ?? ' ', chars[i + 1] ?? ' ', common, encoding)
  })
  return seen === 0 ? 0 : total / seen
}

const LETTER = /\p{L}/u, LOWER = /\p{Ll}/u, UPPER = /\p{Lu}/u, LATIN = /\p{Script=Latin}/u

function scoreChar(char: string, before: string, after: string, common: string, encoding: string): number {
  if (char < '\u00a0' || /[\ue000-\uf8ff]/.test(char)) return -1
  if (CJK.test(char)) return FREQUENT_KANJI.test(char) ? 1 : 0.2
  if (/[\u2500-\u259f]/.test(char)) return -0.5
  const cyrillic = CYRILLIC.test(char), greek = GREEK.test(char)
  if (cyrillic || greek) {
    const alone = (LATIN.test(before) || LATIN.test(after))
    if (alone) return -0.8
    return caseBreak(char, before) ? -0.3 : encoding === 'windows-1253' && !greek ? -0.5 : 0.9
  }
  if (!LETTER.test(char)) {
    // A sign in the middle of a word is a letter read wrongly.
    if (LETTER.test(before) && LETTER.test(after) && !/[’‘–—-]/.test(char)) return -0.8
    return common.includes(char) ? 0.5 : -0.2
  }
  if (CYRILLIC.test(before) || CYRILLIC.test(after)) return -0.5
  if (caseBreak(char, before)) return -0.6
  return common.includes(char) ? 1 : -0.1
}

function caseBreak(char: string, before: string): boolean {
  return UPPER.test(char) && LOWER.test(before)
}
