import { describe, expect, it } from 'vitest'
import { sanitizeHtml } from '../../src/posting/framework/sanitize.ts'

const clean = (text: string) => sanitizeHtml(text).html

describe('HTML as the site stores it', () => {
  it('leaves text without tags and JSON alone', () => {
    expect(clean('a < b & c')).toBe('a < b & c')
    expect(clean('{"a": "<b>"}')).toBe('{"a": "<b>"}')
    expect(sanitizeHtml('a < b & c', true).html).toBe('a &lt; b &amp; c')
  })
  it('turns elements that are not allowed into text and drops attributes', () => {
    expect(clean(`<p onclick='x()'>hi</p><script>alert(1)</script>`)).toBe('<p>hi</p>&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(clean('<a href="javascript:x">w</a>')).toBe('<a>w</a>')
    expect(clean('<span style="color: red; foo: bar">x</span>')).toBe('<span style="color: red;">x</span>')
  })
  it('builds the tree a browser would', () => {
    expect(clean('<p>one<p>two')).toBe('<p>one</p><p>two</p>')
    expect(clean('<ul><li>a<li>b</ul>')).toBe('<ul><li>a</li><li>b</li></ul>')
    expect(clean('<table><tr><td>1</table>')).toBe('<table><tbody><tr><td>1</td></tr></tbody></table>')
  })
  it('says so where it cannot tell', () => {
    expect(sanitizeHtml('<b><p>x</b>y</p>')).toMatchObject({ html: null, reason: 'elements that overlap' })
  })
})
