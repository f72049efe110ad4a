import { describe, expect, it } from 'vitest'
import { validBarcode } from '../../../src/posting/doctypes/barcode.ts'
import { cleanHtml } from '../../../src/posting/doctypes/item-description.ts'

describe('cleanHtml', () => {
  it.each([
    ['<p style="x">a <b>b</b> <script>x</script><a href="q">l</a></p>', '<p>a <b>b</b> l</p>'],
    ['a & b', 'a &amp; b'], ['5 < 6', '5 &lt; 6'], ['&nbsp;', '\u00a0'], ['<h1>T</h1> after', '\nT after'], ['&lt;b&gt; x', '&lt;b&gt; x'], ['a<b', 'a'],
      ['<p>unclosed', '<p>unclosed</p>'],
    ['<table class="t"><tr><td colspan=2>x</td></tr></table><!-- c -->', '<table><tbody><tr><td>x</td></tr></tbody></table>'],
    ['<ul><li>1<li>2</ul>', '<ul><li>1</li><li>2</li></ul>'], ['<style>a{}</style>t', 't'], ['&copy; &euro;', '© €'],
  ])('%s', (html, clean) => expect(cleanHtml(html)).toBe(clean))
})

describe('validBarcode', () => {
  it.each<[string, string, boolean]>([
    ['EAN', '4006381333931', true], ['EAN', '96385074', true], ['EAN', '400638133393', false], ['EAN', '4006381333930', false], ['UPC-A', '1', true], ['UPC',
      '036000291452', true],
    ['ISBN-13', '9783161484100', true], ['ISBN-10', '316148410X', true], ['ISBN', '1', false], ['CODE-39', 'ABC-12', true], ['CODE-39', 'abc', false], ['GS1',
      'anything', true],
  ])('%s %s', (type, barcode, valid) => expect(validBarcode(type, barcode)).toBe(valid))
})
