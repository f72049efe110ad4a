import type { Json } from './value.ts'

/** A document that customises a site, as Frappe would have it in a fixture; `place` says where the project wrote it. Names are those Frappe gives: `Customer-legacy_code`, `Customer-tax_id-reqd`. */
export interface CustomDocument { doctype: 'Custom Field' | 'Property Setter' | 'DocType'; name: string; place: string; values: Record<string, Json> }

/** How one stands to the site: `missing` will be created, `there` is as wanted, `differs` is there otherwise, `conflict` cannot be (a standard field of that name, an unknown DocType). */
export interface CustomState { document: CustomDocument; state: 'missing' | 'there' | 'differs' | 'conflict'; detail: string }
