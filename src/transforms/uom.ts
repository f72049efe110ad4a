import { z } from 'zod'
import { foldText } from './text-fold.ts'
import { defineTransform } from './transform.ts'

/** ERPNext's unit: spellings found in legacy data, folded. */
const UNITS: Record<string, string> = {
  Nos: 'nos no number pc pcs piece pieces pce ea each stk stck stuck st stueck piece s pza pieza un uni szt ks c62 h87', Unit: 'unit units einheit unite', Box: 'box boxes bx karton kart krt kiste schachtel caja carton ct', Pair: 'pair pairs paar pr paire', Set: 'set sets satz garnitur jeu',
  Kg: 'kg kgs kilo kilos kilogram kilograms kilogramm kgm', Gram: 'g gr gram grams gramm grm', Tonne: 't to tonne tonnes ton tons metric ton tne', Pound: 'lb lbs pound pounds lbr', Ounce: 'oz ounce ounces onz',
  Litre: 'l ltr liter litre liters litres lt', Millilitre: 'ml milliliter millilitre mlt', Meter: 'm mtr meter metre meters metres lfm', Centimeter: 'cm centimeter centimetre cmt', Millimeter: 'mm millimeter millimetre mmt', Kilometer: 'km kilometer kilometre kmt',
  Inch: 'in inch inches zoll inh', Foot: 'ft foot feet fuss fot', 'Square Meter': 'm2 qm sqm square meter square metre quadratmeter mtk', 'Cubic Meter': 'm3 cbm cubic meter cubic metre kubikmeter mtq',
  Hour: 'h hr hrs hour hours std stunde stunden heure hora hur', Day: 'd day days tag tage jour dia day s', Minute: 'min minute minutes minuten', Week: 'wk week weeks woche wochen', Percent: 'percent prozent',
}
const SINGLE = new Map(Object.entries(UNITS).flatMap(([unit, words]) => words.split(' ').map((word) => [word, unit] as const)))

export const uom = defineTransform({
  name: 'uom', about: 'A unit of measure as ERPNext names it: Stk, pcs and EA are Nos; qm is Square Meter.',
  options: z.strictObject({ units: z.record(z.string(), z.string()).default({}).describe('Further spellings, e.g. {VE: Box}'), keep_unknown: z.boolean().default(false) }), output: 'VARCHAR',
  apply: (value, o) => {
    if (value === null) return null
    const given = Object.hasOwn(o.units, value.trim()) ? o.units[value.trim()] : undefined
    const folded = foldText(value.replace(/²/g, '2').replace(/³/g, '3').replace(/^%$/, 'percent'))
    const long = Object.keys(UNITS).find((unit) => foldText(unit) === folded)
    return given ?? long ?? SINGLE.get(folded) ?? (folded === 'quadrat meter' ? 'Square Meter' : null) ?? (o.keep_unknown ? value.trim() : null)
  },
})
