import { expect, test } from 'vitest'
import { meaningOf, wordsOf } from '../../src/mapping/words/name.ts'
import { LANGUAGES, WORDS } from '../../src/mapping/words/word-table.ts'

test('names mean the same in seven languages', () => {
  const same = (concepts: string[], ...names: string[]): void => { for (const name of names) expect(meaningOf(name).concepts, name).toEqual(concepts) }
  same(['customer'], 'customer_id', 'Kundennr', 'codigo_cliente', 'KlantNummer', 'CLIENTE_ID')
  same(['customer', 'group'], 'CustomerGroup', 'Kundengruppe', 'klant_groep')
  same(['price'], 'price', 'Preis', 'prix', 'precio', 'preço', 'prezzo', 'prijs')
  same(['city'], 'City', 'Ort', 'ville', 'ciudad', 'cidade', 'città', 'woonplaats')
  expect(meaningOf('Kundennr').identifies).toBe(true)
  expect(meaningOf('customer_name').identifies).toBe(false)
  expect(wordsOf('USt-IdNr')).toEqual(['ust', 'id', 'nr'])
})

test('every concept has words in English, and the table is whole', () => {
  expect(LANGUAGES).toEqual(['en', 'de', 'fr', 'es', 'pt', 'it', 'nl'])
  for (const { concept, words } of WORDS) expect(words.en.length, concept).toBeGreaterThan(0)
  expect(new Set(WORDS.map(({ concept }) => concept)).size).toBe(WORDS.length)
  const filled = WORDS.filter(({ words }) => LANGUAGES.every((language) => words[language].length > 0)).length
  expect(filled / WORDS.length).toBeGreaterThan(0.9)
})
