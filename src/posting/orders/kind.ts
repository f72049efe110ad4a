/** What tells the two kinds of orders apart; the steps in this folder are written once for both. */
export interface OrderKind {
  doctype: 'Sales Order' | 'Purchase Order' | 'Delivery Note' | 'Purchase Receipt'
  selling: boolean
  party: 'customer' | 'supplier'
  partyType: 'Customer' | 'Supplier'
  priceList: 'selling_price_list' | 'buying_price_list'
  /** The date lines are due by. */
  dueField: 'delivery_date' | 'schedule_date'
  /** Field of `tabCurrency Exchange`. */
  exchangeFor: 'for_selling' | 'for_buying'
  /** Quantity of `tabBin` the order raises. */
  binField: 'reserved_qty' | 'ordered_qty'
}

export const SALES_ORDER: OrderKind = {
  doctype: 'Sales Order', selling: true, party: 'customer', partyType: 'Customer', priceList: 'selling_price_list', dueField: 'delivery_date',
  exchangeFor: 'for_selling', binField: 'reserved_qty',
}

export const PURCHASE_ORDER: OrderKind = {
  doctype: 'Purchase Order', selling: false, party: 'supplier', partyType: 'Supplier', priceList: 'buying_price_list', dueField: 'schedule_date',
  exchangeFor: 'for_buying', binField: 'ordered_qty',
}

/** Goods on their way out, valued and taxed as the orders they fulfil. */
export const DELIVERY_NOTE: OrderKind = { ...SALES_ORDER, doctype: 'Delivery Note' }

/** Goods received, valued and taxed as the orders they fulfil. */
export const PURCHASE_RECEIPT: OrderKind = { ...PURCHASE_ORDER, doctype: 'Purchase Receipt' }

/** SQL: text that is there. */
export const filled = (text: string) => `COALESCE(${text}, '') <> ''`
/** SQL: NULL for None and ''. */
export const orNull = (text: string) => `NULLIF(${text}, '')`
/** SQL: Python's truth of a number. */
export const truthy = (number: string) => `COALESCE(${number}, 0) <> 0`
