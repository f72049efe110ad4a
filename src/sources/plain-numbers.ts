/** Where a number stands in JSON that a double would write in another way: more than 15 digits, closing zeros behind the point, exponents, minus zero, tiny ones. */
const CHANGED = /(?:^|[:,[])\s*(?:-0(?![.\d])|-?(?:\d[\d.]{15}|\d+\.\d*0(?!\d)|\d[\d.]*[eE]|0\.0{6}))/

/** True when `JSON.parse` keeps every number of the text so that `String` gives it back as written. Texts that look like such numbers make it false too: it errs towards care. */
export function numbersSurvive(json: string): boolean {
  return !CHANGED.test(json)
}
