/** What tells the two kinds of orders apart; the steps in this folder are written once for both. */
export interface OrderKind {
  doctype: 'Sales Order' | 'Purchase Order' | 'Sales Invoice' | 'Purchase Invoice' | 'Delivery Note' | 'Purchase Receipt'
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
  /** Invoices: what differs from an order. Their working tables have the order's columns as well (see invoices/columns.ts). */
  invoice?: {
    /** SQL over `d`: the day payment terms count from, the day a schedule of one row is due, invoices that have no schedule. */
    scheduleDate: string
    due: string
    unscheduled: string
    /** Invoices that lose the terms they are given (beside the unscheduled ones). */
    withoutTerms?: string
  }
}

export const SALES_ORDER: OrderKind = {
  doctype: 'Sales Order', selling: true, party: 'customer', partyType: 'Customer', priceList: 'selling_price_list', dueField: 'delivery_date',
  exchangeFor: 'for_selling', binField: 'reserved_qty',
}

export const PURCHASE_ORDER: OrderKind = {
  doctype: 'Purchase Order', selling: false, party: 'supplier', partyType: 'Supplier', priceList: 'buying_price_list', dueField: 'schedule_date',
  exchangeFor: 'for_buying', binField: 'ordered_qty',
}

export const SALES_INVOICE: OrderKind = {
  ...SALES_ORDER, doctype: 'Sales Invoice',
  invoice: { scheduleDate: 'd.posting_date', due: 'COALESCE(d.due_date, d.posting_date)', unscheduled: `COALESCE(d.is_return, 0) <> 0 OR COALESCE(d.is_pos, 0) <> 0 OR d.is_opening = 'Yes'` },
}

export const PURCHASE_INVOICE: OrderKind = {
  ...PURCHASE_ORDER, doctype: 'Purchase Invoice',
  invoice: {
    scheduleDate: 'COALESCE(d.bill_date, d.posting_date)', due: 'COALESCE(d.due_date, d.bill_date, d.posting_date)', unscheduled: `COALESCE(d.is_return, 0) <> 0 OR d.is_opening = 'Yes'`, withoutTerms: 'COALESCE(d.is_paid, 0) <> 0',
  },
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
